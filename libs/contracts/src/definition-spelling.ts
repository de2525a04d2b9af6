import { isJsonObject, type Json } from '@cs/kernel';

/** Members whose content belongs to the author: keys below them are never respelled. */
const freeForm = new Set(['metadata', 'headers', 'query', 'body', 'input_schema', 'input', 'payload', 'arguments', 'schema', 'payload_schema', 'default']);

const toSnakeCase = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * Accepts the camelCase spelling of every documented member (`nodeId`, `dependsOn`) by respelling it
 * in snake_case. Where both spellings are present the snake_case one stays and the other remains as
 * it was, so that validation reports it as unknown.
 */
export const respell = (value: Json | undefined): Json | undefined => {
  if (Array.isArray(value)) return value.map((item: Json) => respell(item) ?? null);
  if (!isJsonObject(value)) return value;
  // Object.fromEntries makes every key an own member, `__proto__` included, so that validation sees it.
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      const snake = toSnakeCase(key);
      const name = snake !== key && Object.hasOwn(value, snake) ? key : snake;
      return [name, freeForm.has(snake) ? member : respell(member)];
    }),
  );
};
