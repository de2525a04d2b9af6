import { z } from 'zod';

/** RFC 9457 problem details, as every refusal is answered. Further members depend on the code (`runID`, `winningDecision`, …). */
export const problemSchema = z.looseObject({
  type: z.string().describe('Where the code is explained'),
  title: z.string().describe('What was wrong, in one line; the same for every occurrence'),
  status: z.int().describe('The HTTP status'),
  detail: z.string().describe('What was wrong this time'),
  instance: z.string().describe('Path of the request'),
  code: z.string().describe('Permanent code for programs'),
  error: z.string().describe('The text once more, under the name that older clients read'),
  correlationId: z.string().describe('Name this when you report the problem'),
  problems: z
    .array(z.object({ path: z.string(), code: z.string(), message: z.string() }))
    .optional()
    .describe('What is wrong in the request, one by one'),
});
