import type { z } from 'zod';

/** One thing that is wrong with what a client sent: where, what, and a code a program can use. */
export interface Problem {
  /** Path in the input, e.g. `flow.nodes[2].depends_on[0]`; empty for the whole. */
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

const writePath = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`), '');

/** Every problem zod found, at most 20: unknown members are named one by one. */
export const problemsOf = (error: z.ZodError): readonly Problem[] =>
  error.issues
    .flatMap((issue): Problem[] =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => ({ path: writePath([...issue.path, key]), code: 'unknown_member', message: `"${key}" is not a member of this object` }))
        : [{ path: writePath(issue.path), code: issue.code, message: issue.message }],
    )
    .slice(0, 20);

/** The problems in one sentence, for a log line or a `detail`. */
export const describeProblems = (problems: readonly Problem[]): string =>
  problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
