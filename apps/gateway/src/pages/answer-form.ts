import { isJsonObject, type Json, type JsonObject } from '@cs/kernel';

/** One thing to fill in. `free`: text, or JSON where it reads as such. */
export interface AnswerField {
  /** Of the form's field: nothing of the schema, whose names can be anything. */
  readonly name: string;
  readonly label: string;
  readonly hint?: string | undefined;
  readonly needed: boolean;
  readonly input: { readonly as: 'text' | 'number' | 'integer' | 'json' | 'free' } | { readonly as: 'choice'; readonly options: readonly Json[] };
}

type MemberField = AnswerField & { readonly member: string };

/** What a person fills in to answer a question. `value`: the answer itself; `members`: an object, member by member. */
export type AnswerForm =
  | { readonly of: 'value'; readonly field: AnswerField }
  | { readonly of: 'members'; readonly fields: readonly MemberField[] };

export type ReadAnswer = { readonly ok: true; readonly answer: Json } | { readonly ok: false; readonly why: string };

/** More members than people fill in one by one. */
const mostFields = 40;

type Input = AnswerField['input'];

const isScalar = (value: Json): boolean => value === null || typeof value !== 'object';
const inputs: Readonly<Record<string, Input>> = { string: { as: 'text' }, number: { as: 'number' }, integer: { as: 'integer' }, boolean: { as: 'choice', options: [true, false] } };

/** How a value of a simple schema is filled in; `undefined` for any other schema. Its remaining rules are the gate's to check. */
const inputOf = ({ type, enum: options }: JsonObject): Input | undefined => {
  if (Array.isArray(options)) return options.every(isScalar) ? { as: 'choice', options } : undefined;
  return typeof type === 'string' && Object.hasOwn(inputs, type) ? inputs[type] : undefined;
};

const textOf = (value: Json | undefined): string | undefined => (typeof value === 'string' && value.trim() !== '' ? value : undefined);

const value = (input: Input, schema: JsonObject): AnswerForm => ({ of: 'value', field: { name: 'answer', label: textOf(schema['title']) ?? 'Answer', hint: textOf(schema['description']), needed: true, input } });

const memberOf = ([member, schema]: readonly [string, Json | undefined], index: number): Omit<MemberField, 'needed'> | undefined => {
  const input = isJsonObject(schema) ? inputOf(schema) : undefined;
  return input === undefined || !isJsonObject(schema) ? undefined : { member, name: `answer_${index}`, label: textOf(schema['title']) ?? member, hint: textOf(schema['description']), input };
};

const isFillable = (properties: JsonObject, required: readonly Json[]): boolean => {
  const { length } = Object.keys(properties);
  return length > 0 && length <= mostFields && required.every((member) => typeof member === 'string' && Object.hasOwn(properties, member));
};

/** The members of an object all of whose members are simple. */
const membersOf = ({ type, properties, required = [] }: JsonObject): AnswerForm | undefined => {
  if (type !== 'object' || !isJsonObject(properties) || !Array.isArray(required) || !isFillable(properties, required)) return undefined;
  const fields = Object.entries(properties).map(memberOf);
  return fields.every((field) => field !== undefined) ? { of: 'members', fields: fields.map((field) => ({ ...field, needed: required.includes(field.member) })) } : undefined;
};

/** Without a schema an answer is brought to the type of the default, so that it is filled in as such. */
const likeDefault = (like: Json | undefined): Input => {
  if (typeof like === 'number') return { as: Number.isInteger(like) ? 'integer' : 'number' };
  if (typeof like === 'object' && like !== null) return { as: 'json' };
  return inputs[typeof like] ?? { as: 'free' };
};

/** What is filled in for a question. What its schema says beyond simple types is filled in as JSON. */
export const answerFormOf = ({ schema, default: like }: { readonly schema: Json; readonly default?: Json }): AnswerForm => {
  if (!isJsonObject(schema)) return value(likeDefault(like), {});
  const input = inputOf(schema);
  return input === undefined ? (membersOf(schema) ?? value({ as: 'json' }, schema)) : value(input, schema);
};

const parse = (text: string): Json | undefined => {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
};

const numberOf = (text: string): Json => (Number.isFinite(Number(text)) ? Number(text) : text);

const readers: Readonly<Record<Input['as'], (text: string) => Json | undefined>> = {
  number: numberOf, integer: numberOf, text: (text) => text, free: (text) => parse(text) ?? text, json: parse, choice: parse,
};

/** What was filled in; `undefined` where nothing was, or where it is no JSON. What does not fit is left for the gate to refuse. */
const filledIn = (input: Input, sent: string): Json | undefined => {
  const text = sent.replaceAll('\r\n', '\n');
  return text.trim() === '' ? undefined : readers[input.as](text);
};

const refused = (why: string): ReadAnswer => ({ ok: false, why });

const readValue = ({ name, input }: AnswerField, sent: Readonly<Record<string, string>>): ReadAnswer => {
  const text = sent[name] ?? '';
  const answer = filledIn(input, text);
  if (answer !== undefined) return { ok: true, answer };
  return refused(text.trim() === '' ? 'Nothing was answered: the form was empty.' : 'Nothing was answered: what was filled in is not JSON.');
};

/** The answer that a form says. A member that was left empty is not in it. */
export const readAnswer = (form: AnswerForm, sent: Readonly<Record<string, string>>): ReadAnswer => {
  if (form.of === 'value') return readValue(form.field, sent);
  const members = form.fields.flatMap(({ member, name, input }) => {
    const filled = filledIn(input, sent[name] ?? '');
    return filled === undefined ? [] : [[member, filled] as const];
  });
  return { ok: true, answer: Object.fromEntries(members) };
};
