import { jest } from '@jest/globals';
import { ExpressionError } from '@cs/automation-application';
import fc from 'fast-check';
import jsonata from 'jsonata';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { JsonataEvaluator } from './jsonata-evaluator.adapter.js';

jest.setTimeout(30_000);
const evaluator = new JsonataEvaluator({ timeoutMs: 150 });
const scope = {
  input: { order_id: 'o-1', amounts: [1, 2, 3], lines: [{ sku: 'a', n: 2 }, { sku: 'b', n: 0 }], text: 'Hello, World' },
  nodes: { look_up: { output: { status: 200, body: { amount: 12.5, customer: 'Ada' } } } },
  run: { run_id: 'r-1', created_at_ms: 1_700_000_000_000 },
  secrets: { TOKEN: 'tok-secret-1' },
};
const failure = async (expression: string): Promise<ExpressionError> => {
  const outcome = await evaluator.evaluate(expression, scope).then((value) => value, (error: unknown) => error);
  if (outcome instanceof ExpressionError) return outcome;
  throw new Error(`"${expression}" gave ${JSON.stringify(outcome)}`);
};

afterAll(() => evaluator.close());

describe('evaluating JSONata', () => {
  it.each([
    ['input.order_id', 'o-1'],
    ['nodes.look_up.output.body.amount', 12.5],
    ['nodes.look_up.output.body', { amount: 12.5, customer: 'Ada' }],
    ['input.nothing.here', undefined],
    ['input.lines.sku', ['a', 'b']],
    ['input.lines[n > 0].sku', 'a'],
    ['input.lines[n > 5]', undefined],
    ['$sum(input.amounts) * 2', 12],
    ['secrets.TOKEN & "/orders/" & input.order_id', 'tok-secret-1/orders/o-1'],
    ['{ "total": $sum(input.lines.n), "who": nodes.look_up.output.body.customer, "gone": input.gone }', { total: 2, who: 'Ada' }],
    ['[input.amounts, []]', [1, 2, 3, []]],
    ['$map(input.amounts, function($v, $i) { $v * $i })', [0, 2, 6]],
    ['input.amounts ~> $reduce(function($a, $b) { $a + $b })', 6],
    ['$match(input.text, /o/).index', [4, 8]],
    ['$replace(input.text, /l+/, "L")', 'HeLo, WorLd'],
    ['$contains(input.text, /world/i) ? "yes" : "no"', 'yes'],
    ['$join(["a", "b"], "-")', 'a-b'],
    ['$string(input.amounts)', '[1,2,3]'],
    ['($add := $substringBefore(?, ","); $add(input.text))', 'Hello'],
    ['$base64encode("x") & $map(["y"], $base64encode)', 'eA==eQ=='],
    ['$distinct([1, 1, 2])', [1, 2]],
    ['$fromMillis(run.created_at_ms)', '2023-11-14T22:13:20.000Z'],
    ['[1..3]', [1, 2, 3]],
    ['$map(input.lines, function($l) { $l.sku & "-" & $l.n & $l.none & input.gone })', ['a-2', 'b-0']],
    ['($s := "a" & input.amounts & {"x": 1}; $s)', 'a[1,2,3]{"x":1}'],
    ['($string := 5; "a" & 1 & $string)', 'a15'],
  ])('%s', async (expression, expected) => {
    expect(await evaluator.evaluate(expression, scope)).toEqual(expected);
  });

  it('gives plain arrays, without what JSONata hangs onto them', async () => {
    const value = await evaluator.evaluate('input.lines.sku', scope);
    expect(Object.keys(value ?? {})).toEqual(['0', '1']);
  });

  it('follows a path as JSONata does', async () => {
    const names = fc.constantFrom('a', 'b', 'toString', 'length', '__proto__');
    const tree = fc.letrec((tie) => ({
      value: fc.oneof({ depthSize: 'small' }, fc.integer(), fc.string(), fc.constant(null), fc.array(tie('value'), { maxLength: 3 }), fc.dictionary(fc.constantFrom('a', 'b'), tie('value'))),
    })).value;
    await fc.assert(fc.asyncProperty(fc.dictionary(fc.constantFrom('a', 'b'), tree), fc.array(names, { minLength: 1, maxLength: 4 }), async (input, path) => {
      const json = JSON.parse(JSON.stringify(input));
      const expression = path.join('.');
      const expected: unknown = await jsonata(expression).evaluate(json).catch(() => 'failed');
      const actual: unknown = await evaluator.evaluate(expression, json).catch(() => 'failed');
      expect(JSON.stringify(actual)).toEqual(typeof expected === 'function' ? undefined : JSON.stringify(expected));
    }));
  });
});

describe('what an expression may not do', () => {
  it.each([
    ['$now()', 'run.created_at_ms'], ['$millis()', 'run.created_at_ms'], ['$random()', 'replayed'], ['$shuffle([1, 2])', 'replayed'], ['$eval("1")', 'complete'],
    ['($clock := $now; $clock())', 'run.created_at_ms'], ['$map([1], $random)', 'replayed'], ['[1] ~> $shuffle', 'replayed'], ['input.(x.$now())', 'run.created_at_ms'],
    ['function($x)<s+s+:n>{ 1 }("a")', 'signatures'],
  ])('%s is refused when it is checked and when it is evaluated', async (expression, why) => {
    expect(evaluator.check(expression)?.message).toContain(why);
    expect((await failure(expression)).message).toContain(why);
  });

  it.each([
    ['never ending recursion', '($f := function($n) { $f($n + 1) }; $f(1))'],
    ['deep recursion', '($f := function($n) { 1 + $f($n + 1) }; $f(1))'],
    ['a huge range', '[1..1000000]'],
    ['a huge sequence', '[1..5000].($i := $; [1..5000].($i * $))'],
    ['a catastrophic regular expression', '$match($join($map([1..40], function($x) { "a" })) & "!", /(a+)+$/)'],
    ['a polynomial regular expression', '$contains($pad("", 20000, "a"), /a*a*a*b/)'],
    ['text that doubles', '($f := function($n, $s) { $n = 0 ? $length($s) : $f($n - 1, $s & $s) }; $f(28, "x"))'],
    ['comparing text that doubles', '($f := function($n, $s) { $n = 0 ? $s : $f($n - 1, $s & $s) }; ($f(28, "x") & "y") = ($f(28, "y") & "x"))'],
    ['text that doubles by joining', '($f := function($n, $s) { $n = 0 ? $s : $f($n - 1, $join([$s, $s])) }; $f(30, "x"))'],
    ['text that grows by replacing', '($s := $pad("", 9000, "a"); $t := $replace($s, "a", $s); $t = $t & "x")'],
    ['indenting without end', '($f := function($n, $x) { $n = 0 ? $x : $f($n - 1, [[$x]]) }; $string($f(120, [1..9000]), true))'],
    ['structures that double, as text', '($f := function($n, $x) { $n = 0 ? $x : $f($n - 1, {"a": $x, "b": $x}) }; $f(40, 1) & "")'],
    ['hoarding', '($f := function($n, $x) { $f($n + 1, [$x, [1..9000].{"n": $}]) }; $f(1, []))'],
    ['padding without end', '$pad("x", 500000000)'],
    ['joining without end', '$join([1..9000].$pad("x", 1000000))'],
    ['structures that double', '($f := function($n, $x) { $n = 0 ? $x : $f($n - 1, {"a": $x, "b": $x}) }; $f(40, 1) = $f(40, 1))'],
    ['writing out structures that double', '($f := function($n, $x) { $n = 0 ? $x : $f($n - 1, {"a": $x, "b": $x}) }; $string($f(40, 1)))'],
    ['yielding structures that double', '($f := function($n, $x) { $n = 0 ? $x : $f($n - 1, {"a": $x, "b": $x}) }; $f(40, 1))'],
    ['a function as a value', 'function($x) { $x }'],
    ['a number that is none', '1 / 0'],
  ])('%s is ended with an error', async (_what, expression) => {
    const started = performance.now();
    await failure(expression);
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(await evaluator.evaluate('$map([1, 2], function($v) { $v + 1 })', scope)).toEqual([2, 3]);
  });

  it('says where the text is wrong', async () => {
    const error = evaluator.check('input.(');
    expect(error).toBeInstanceOf(ExpressionError);
    expect(error).toMatchObject({ expression: 'input.(', offset: expect.any(Number) });
    expect(evaluator.check('input.a')).toBeUndefined();
    expect(evaluator.check(`${'('.repeat(15_000)}1${')'.repeat(15_000)}`)).toBeInstanceOf(ExpressionError);
    expect(evaluator.check(`"${'x'.repeat(30_000)}"`)?.message).toContain('longer');
  });

  it('does not show a secret in an error', async () => {
    const { message } = await failure('$number(secrets.TOKEN)');
    expect(message).toContain('[redacted]');
    expect(message).not.toContain('tok-secret');
  });

  it('reaches nothing of the process', async () => {
    for (const expression of ['$constructor', 'input.constructor', '"".constructor', '$string.constructor', 'process.env', '$lookup(input, "constructor")', 'input.__proto__']) {
      expect(await evaluator.evaluate(expression, scope).catch(() => undefined)).toBeUndefined();
    }
  });

  it('reads times the same everywhere and always', async () => {
    expect(await evaluator.evaluate('$toMillis("2024-01-01T00:00:00")', scope)).toBe(Date.UTC(2024, 0, 1));
    expect(await evaluator.evaluate('$toMillis("2024-01-01T00:00:00+02:00")', scope)).toBe(Date.UTC(2023, 11, 31, 22));
    expect(await evaluator.evaluate('$toMillis("13:45", "[H01]:[m01]")', scope)).toBe((13 * 60 + 45) * 60_000);
  });
});

/** Threads that take the processors away from everything else for a while. */
const withBusyProcessors = async <T>(work: () => Promise<T>): Promise<T> => {
  const busy = Array.from({ length: 3 * availableParallelism() }, () => new Worker('for (;;);', { eval: true }));
  try {
    await Promise.all(busy.map((worker) => new Promise((resolve) => worker.once('online', resolve))));
    return await work();
  } finally {
    await Promise.all(busy.map((worker) => worker.terminate()));
  }
};

describe('an evaluation on a busy machine', () => {
  const heavy = '$count([1..3000].($i := $; $i * $i + $i * 2))';

  it('is not failed by the time that it waits for a processor', async () => {
    const short = new JsonataEvaluator({ timeoutMs: 150 });
    await short.evaluate(heavy, scope);
    const started = performance.now();
    expect(await withBusyProcessors(() => Promise.all(Array.from({ length: 8 }, () => short.evaluate(heavy, scope))))).toEqual(Array.from({ length: 8 }, () => 3000));
    expect(performance.now() - started).toBeGreaterThan(150);
    await short.close();
  });

  it('ends all the same when it computes for too long', async () => {
    const short = new JsonataEvaluator({ timeoutMs: 50 });
    const error = await withBusyProcessors(() => short.evaluate('($f := function($n) { $f($n + 1) }; $f(1))', scope).catch((cause: unknown) => cause));
    expect(error).toMatchObject({ message: 'the evaluation took longer than 50 ms' });
    await short.close();
  });
});
