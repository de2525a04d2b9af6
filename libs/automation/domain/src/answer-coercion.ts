import { isJsonObject, type Json } from '@cs/kernel';
import type { AnswerConversion } from '@cs/contracts';

export interface Coerced {
  readonly answer: Json;
  readonly conversion: AnswerConversion;
}

type Convert = (answer: Json) => Json | undefined;

const numberOf: Convert = (answer) => {
  const text = typeof answer === 'string' && answer.trim() !== '' ? Number(answer) : answer;
  return typeof text === 'number' && Number.isFinite(text) ? text : undefined;
};

const wholeOf: Convert = (answer) => {
  const value = numberOf(answer);
  return typeof value === 'number' ? Math.trunc(value) : undefined;
};

const booleanOf: Convert = (answer) => {
  if (typeof answer === 'boolean') return answer;
  const word = typeof answer === 'string' ? answer.trim().toLowerCase() : '';
  return word === 'true' || word === 'false' ? word === 'true' : undefined;
};

const textOf: Convert = (answer) => (typeof answer === 'string' ? answer : JSON.stringify(answer));

/** Lists and objects have no conversion: they are one, or the answer does not fit. */
const listOf: Convert = (answer) => (Array.isArray(answer) ? answer : undefined);
const objectOf: Convert = (answer) => (isJsonObject(answer) ? answer : undefined);

const converterFor = (like: Json): Convert => {
  if (typeof like === 'number') return Number.isInteger(like) ? wholeOf : numberOf;
  if (typeof like === 'boolean') return booleanOf;
  if (typeof like === 'string') return textOf;
  if (Array.isArray(like)) return listOf;
  // A default of null has no type that an answer could be brought to.
  return like === null ? (answer) => answer : objectOf;
};

/**
 * An answer without a schema, brought to the type of the question's default: whole number (from a number
 * or a numeric text), number, truth value, text. What does not fit becomes the default itself.
 */
export const coerceAnswer = (answer: Json, like: Json | undefined): Coerced => {
  if (like === undefined) return { answer, conversion: 'kept' };
  const converted = converterFor(like)(answer);
  if (converted === undefined) return { answer: like, conversion: 'defaulted' };
  return { answer: converted, conversion: Object.is(converted, answer) ? 'kept' : 'converted' };
};
