import { z } from 'zod';
import type { Json } from '@cs/kernel';

/** A name that is also one token of a NATS subject and needs no escaping in a URL. */
const token = (max: number, what: string) =>
  z.string().regex(new RegExp(`^[A-Za-z0-9_-]{1,${max}}$`), `${what}: 1 to ${max} letters, digits, "_" or "-"`);

export const orgIdSchema = token(64, 'organisation id');
export const workspaceIdSchema = token(64, 'workspace id');
export const automationIdSchema = token(128, 'automation id');
export const nodeIdSchema = token(64, 'node id');
export const aggregateIdSchema = token(160, 'aggregate id');
/** `automation-v2-run-<uuid>`. */
export const runIdSchema = token(128, 'run id');

/** `handoff-<uuid>`. */
export const handoffIdSchema = token(128, 'handoff id');

/** Milliseconds since the Unix epoch. */
export const epochMsSchema = z.int().nonnegative();
/** A duration in milliseconds. */
export const durationMsSchema = z.int().positive();
/** `sha256:` and 64 hexadecimal digits. */
export const digestSchema = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'expected "sha256:" and 64 hexadecimal digits');

/** Any JSON value; typed, because `z.json()` rebuilds what it reads and costs time on every output. */
export const jsonSchema = z.custom<Json>((value) => value !== undefined, 'expected a JSON value');

/** A text of a definition; may hold `{{ expressions }}` where its member says so. */
export const definitionTextSchema = z.string().max(20_000);
