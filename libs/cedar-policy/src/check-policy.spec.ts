import { checkPolicies } from './check-policy.js';
import { shippedPolicies } from './policy-files.js';

const allow = '@id("allow") permit (principal, action, resource);';
const when = (condition: string): string => `@id("a") permit (principal, action, resource) when { ${condition} };`;

describe('checking a policy', () => {
  it('finds nothing wrong with the shipped ones', () => {
    expect(checkPolicies(shippedPolicies)).toEqual([]);
  });

  it('names line and column of what cannot be parsed, counting characters', () => {
    expect(checkPolicies('// für alle\n@id("é")\npermit (principal, action, resource) when { 1 = };')).toEqual([{ line: 3, column: 49, message: expect.stringMatching(/^unexpected token `}`; expected .*identifier/) as string }]);
  });

  it('names line and column of what the schema does not know, with what was probably meant', () => {
    expect(checkPolicies(`${allow}\n\n@id("b")\npermit (principal, action, resource)\nwhen { "é" == context.trigger_tipe };`)).toEqual([
      { line: 5, column: 15, message: expect.stringMatching(/^b: attribute `trigger_tipe`.* not found.*trigger_type/) as string },
    ]);
  });

  it.each([
    ['no id', 'permit (principal, action, resource);', 'the policy has no @id'],
    ['an id that is there twice', `${allow}\n${allow.replace('action,', 'action ,')}`, '@id("allow") is there twice'],
    ['an annotation that does not exist', '@id("a") @descision("deny") permit (principal, action, resource);', '@descision is no annotation'],
    ['a decision that does not exist', '@id("a") @decision("ask") permit (principal, action, resource);', '@decision has to be allow, deny or approval_required'],
    ['a forbid that allows', '@id("a") @decision("allow") forbid (principal, action, resource);', 'a forbid always denies'],
    ['a template', '@id("a") permit (principal == ?principal, action, resource);', 'template'],
    ['a type error', when('context.trigger_type > 1'), 'Long'],
    ['a member that may be absent', when('context.risk_tier == "external_send"'), 'risk_tier'],
    ['an unknown entity', '@id("a") permit (principal == User::"ada", action, resource);', 'User'],
    ['no policy', '// nothing\n', 'there is no policy in the text'],
  ])('refuses %s', (_name, text, message) => {
    const problems = checkPolicies(text);
    expect(problems.map((problem) => problem.message).join('\n')).toContain(message);
    for (const { line, column } of problems) expect([line > 0, column > 0]).toEqual([true, true]);
  });

  it.each<[string, (n: number) => string]>([
    ['brackets', (n) => when(`${'('.repeat(n)}true${')'.repeat(n)}`)],
    ['lists', (n) => when(`${'['.repeat(n)}1${']'.repeat(n)} == 1`)],
    ['records', (n) => when(`${'{a:'.repeat(n)}1${'}'.repeat(n)} == 1`)],
    ['conditions', (n) => when(`${'if true then '.repeat(n)} true ${'else true '.repeat(n)}`)],
    ['members', (n) => when(`context${'.a'.repeat(n)} == 3`)],
    ['indexed members', (n) => when(`context${'["a"]'.repeat(n)} == 3`)],
    ['sums', (n) => when(`1 ${'+ 1 '.repeat(n)} == 3`)],
    ['products', (n) => when(`1 ${'* 1 '.repeat(n)} == 3`)],
    ['differences', (n) => when(`1 ${'- 1 '.repeat(n)} == 3`)],
    ['calls', (n) => when(`[1]${'.contains(1)'.repeat(n)}`)],
  ])('refuses %s that are too deep for the engine, and goes on working', (_name, text) => {
    for (const n of [1_000, 20_000]) expect(checkPolicies(text(n))).toEqual([{ line: 1, column: expect.any(Number) as number, message: expect.stringMatching(/nested more than|split it/) as string }]);
    expect(checkPolicies(allow)).toEqual([]);
  });

  it('takes no bracket in a text or a comment for one', () => {
    expect(checkPolicies(`// ${'('.repeat(200)}\n${when(`context.trigger_type == "${'('.repeat(200)}\\"${'['.repeat(90)}"`)}`)).toEqual([]);
  });
});
