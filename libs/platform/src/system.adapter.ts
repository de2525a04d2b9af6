import { hash, randomUUID } from 'node:crypto';
import type { Clock, Digest, IdSource } from '@cs/eventing';

export const systemClock: Clock = () => Date.now();
export const sha256Hex: Digest = (text) => hash('sha256', text, 'hex');
export const randomId: IdSource = () => randomUUID();
