import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Beside `src` and `dist`, so that sources, builds and images read the same files. */
const folder = path.resolve(import.meta.dirname, '..', 'policies');

const read = (file: string): string => readFileSync(path.join(folder, file), 'utf8').trim();

/** What policies can say of an effect. */
export const effectSchema = read('effect.cedarschema');

/** The shipped policies, one text, in the order of their files. */
export const shippedPolicies = `${readdirSync(folder).filter((file) => file.endsWith('.cedar')).sort().map(read).join('\n\n')}\n`;
