import { JsonataEvaluator } from '@cs/step-runners';
import { checkDefinitions, problemLine } from './definition-check.js';

const evaluator = new JsonataEvaluator();
afterAll(() => evaluator.close());

const lines = (...texts: readonly string[]): string => texts.join('\n');
const linesOf = (name: string, text: string): readonly string[] => checkDefinitions([{ name, text }], evaluator).problems.map(problemLine);
const placesOf = (name: string, text: string): readonly string[] =>
  checkDefinitions([{ name, text }], evaluator).problems.map(({ line, column, path, code }) => `${line}:${column} ${path} ${code}`);

const sound = (automation_id: string): string => lines(`automation_id: ${automation_id}`, 'name: A', 'flow:', '  nodes:', '    - { node_id: n, objective: o, action: { kind: transform, expression: "1" } }');

describe('checking definition files', () => {
  it('says of a sound file nothing, and what it defines', () => {
    const { problems, files } = checkDefinitions([{ name: 'a.yaml', text: sound('a') }], evaluator);
    expect(problems).toEqual([]);
    expect(files.map(({ file, definition }) => [file, definition.automation_id])).toEqual([['a.yaml', 'a']]);
  });

  it('names file, line, column, path, code and message of a problem', () => {
    expect(linesOf('flows/a.yaml', lines(sound('a'), 'colour: red'))).toEqual(['flows/a.yaml:6:1  colour  unknown_member  "colour" is not a member of this object']);
  });

  it('finds what is wrong between nodes and in expressions, in the order of the text, also where a member is spelled in camelCase or a key holds dots', () => {
    expect(placesOf('a.yaml', lines(
      'automationId: a', 'name: A', 'flow:', '  nodes:',
      '    - nodeId: first', '      objective: o', '      dependsOn: [missing]', '      action:', '        kind: transform', '        expression: |-', '          1 +',
      '    - nodeId: second', '      objective: o', '      action:', '        kind: http', '        method: GET', '        url: https://example.org', '        headers:', '          x.trace: ok', '          x.trace.id: "{{ 1 + }}"',
    ))).toEqual([
      '7:19 flow.nodes[0].depends_on[0] depends_on_unknown_node',
      '10:21 flow.nodes[0].action.expression expression_invalid',
      '20:23 flow.nodes[1].action.headers.x.trace.id expression_invalid',
    ]);
  });

  it('places a member that is missing where what it belongs to begins', () => {
    expect(placesOf('a.yaml', lines('automation_id: a', 'name: A', 'flow:', '  nodes:', '    - node_id: n', '      action: { kind: transform, expression: "1" }'))).toEqual(['5:7 flow.nodes[0].objective invalid_type']);
    expect(placesOf('a.yaml', '')).toEqual(['1:1  invalid_type']);
  });

  it('follows an alias to what it stands for', () => {
    expect(placesOf('a.yaml', lines('automation_id: a', 'name: A', 'metadata:', '  shared: &action { kind: transform, expression: "1 +" }', 'flow:', '  nodes:', '    - { node_id: n, objective: o, action: *action }'))).toEqual(['4:50 flow.nodes[0].action.expression expression_invalid']);
  });

  it('reads JSON as JSON, with the same places', () => {
    expect(placesOf('a.json', lines('{', '  "automation_id": "a.b",', '  "name": "A",', '  "flow": { "nodes": [{ "node_id": "n", "objective": "o", "action": { "kind": "transform", "expression": "1" } }] }', '}'))).toEqual(['2:20 automation_id invalid_format']);
    expect(placesOf('a.json', sound('a'))).toEqual([expect.stringContaining('json_invalid')]);
    expect(placesOf('a.yaml', lines('automation_id: a', 'name: [A'))).toEqual(['2:9  yaml_invalid']);
  });

  it('refuses two files for one automation', () => {
    const { problems } = checkDefinitions([{ name: 'one.yaml', text: sound('a') }, { name: 'two.yaml', text: sound('a') }], evaluator);
    expect(problems.map(problemLine)).toEqual(['two.yaml:1:16  automation_id  automation_id_duplicate  "a" is defined by one.yaml too']);
  });
});
