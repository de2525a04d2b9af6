import { preparsePolicySet, preparseSchema } from '@cedar-policy/cedar-wasm/nodejs';
import { effectSchema } from './policy-files.js';
import { readStatements, type PolicyStatement } from './policy-statements.js';

/** Policies that the engine has parsed, under a name. */
export interface PreparedPolicies {
  readonly name: string;
  readonly statements: ReadonlyMap<string, PolicyStatement>;
}

/** Texts that are kept parsed. The engine forgets nothing by itself, so that names are used again. */
const maxPrepared = 32;

export const schemaName = 'effect';

/** Parses texts of policies once, and keeps the newest. */
export class PolicyPreparation {
  readonly #prepared = new Map<string, PreparedPolicies>();
  #isSchemaPrepared = false;

  /** Throws for a text that cannot be parsed. */
  prepare(text: string): PreparedPolicies {
    const known = this.#prepared.get(text);
    if (known !== undefined) return known;
    if (!this.#isSchemaPrepared) this.#isSchemaPrepared = this.#accepted(preparseSchema(schemaName, effectSchema));
    const name = this.#freeName();
    const statements = new Map(readStatements(text).statements.map((statement) => [statement.id, statement]));
    this.#accepted(preparsePolicySet(name, { staticPolicies: Object.fromEntries([...statements].map(([id, statement]) => [id, statement.text])) }));
    const prepared = { name, statements };
    this.#prepared.set(text, prepared);
    return prepared;
  }

  #freeName(): string {
    const [oldest] = this.#prepared;
    if (oldest === undefined || this.#prepared.size < maxPrepared) return `policies-${this.#prepared.size}`;
    this.#prepared.delete(oldest[0]);
    return oldest[1].name;
  }

  #accepted(answer: ReturnType<typeof preparsePolicySet>): true {
    if (answer.type === 'success') return true;
    throw new Error(`The policy engine cannot read what was checked: ${answer.errors.map(({ message }) => message).join('; ')}`);
  }
}
