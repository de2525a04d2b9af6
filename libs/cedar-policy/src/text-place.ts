import type { PolicyProblem } from '@cs/automation-application';

/** A problem at an index of a text. Columns count characters. */
export const problemAt = (text: string, index: number, message: string): PolicyProblem => {
  const lines = text.slice(0, index).split('\n');
  return { line: lines.length, column: [...(lines.at(-1) ?? '')].length + 1, message };
};

/** The engine counts bytes of UTF-8. */
export const indexOfByte = (text: string, byte: number): number => Buffer.from(text, 'utf8').subarray(0, byte).toString('utf8').length;
