import { createHash, randomUUID } from 'node:crypto';
import type { Clock, Digest, IdSource } from '@cs/eventing';

export const systemClock: Clock = () => Date.now();
export const sha256Hex: Digest = (text) => createHash('sha256').update(text).digest('hex');
export const randomId: IdSource = () => randomUUID();
