import type { AutomationDefinition, FlowNode, Problem } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { schemaProblems, validationProblems } from './json-schema.js';

/** What is wrong with a run's input by the automation's `input_schema`; nothing when it has none. */
export const inputProblems = ({ input_schema }: AutomationDefinition, input: Json): readonly Problem[] =>
  input_schema === undefined ? [] : validationProblems(input_schema, input, 'input');

/** What is wrong with a node's output by its `output_contract`; nothing when that has no schema. */
export const outputProblems = ({ output_contract }: FlowNode, output: Json): readonly Problem[] =>
  output_contract?.schema === undefined ? [] : validationProblems(output_contract.schema, output, 'output');

const unusable = (schema: object | undefined, path: string): readonly Problem[] => (schema === undefined ? [] : schemaProblems(schema, path));

/** Why an `input_schema` is no JSON Schema that can be used. */
export const inputSchemaProblems = ({ input_schema }: AutomationDefinition): readonly Problem[] => unusable(input_schema, 'input_schema');

/** Why the schema of an `output_contract` is no JSON Schema that can be used. */
export const outputSchemaProblems = ({ flow }: AutomationDefinition): readonly Problem[] =>
  flow.nodes.flatMap(({ output_contract }, index) => unusable(output_contract?.schema, `flow.nodes[${index}].output_contract.schema`));

/** Why the `payload_schema` of a wait is no JSON Schema that can be used. */
export const payloadSchemaProblems = ({ flow }: AutomationDefinition): readonly Problem[] =>
  flow.nodes.flatMap(({ wait }, index) => {
    const branches = wait?.kind === 'any' ? wait.of.map((branch, at) => ({ branch, path: `wait.of[${at}]` })) : [{ branch: wait, path: 'wait' }];
    return branches.flatMap(({ branch, path }) => (branch?.kind === 'external_condition' ? unusable(branch.payload_schema, `flow.nodes[${index}].${path}.payload_schema`) : []));
  });
