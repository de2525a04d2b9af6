import { routes, type RouteBody } from '@cs/http-api';
import { decodeBody } from './body.js';
import { maxDepth } from './safe-tree.js';

const both: RouteBody = routes.createAutomation.body;
const jsonOnly: RouteBody = routes.decideGate.body;
const optional: RouteBody = routes.runNow.body;

const decode = (text: string | Buffer, contentType: string | undefined = 'application/json', body = both) =>
  decodeBody({ bytes: Buffer.from(text), contentType, contentEncoding: undefined }, body);

const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;

describe('a JSON body', () => {
  it('is decoded', () => {
    expect(decode('{"a":[1,"ü"]}')).toEqual({ ok: true, value: { a: [1, 'ü'] } });
    expect(decode('{"a":1}', 'application/json; charset=UTF-8')).toMatchObject({ ok: true });
  });

  it('says where it stops being JSON', () => {
    expect(decode('{\n "a": 1,\n}')).toMatchObject({ ok: false, refusal: { code: 'REQUEST_BODY_MALFORMED', message: expect.stringContaining('line 3, column 1'), details: { line: 3, column: 1 } } });
  });

  it.each(['{"__proto__":{"x":1}}', '{"a":[{"__proto__":1}]}', '{"\\u005f_proto__":1}', '{"_Proto__":1}', '{"constructor":{"prototype":{}}}'])('may not reach a prototype: %s', (text) => {
    expect(decode(text)).toMatchObject({ ok: false, refusal: { code: 'REQUEST_BODY_INVALID', details: { problems: [{ message: 'this member name is not allowed' }] } } });
  });

  it('names the place of what is not allowed', () => {
    expect(decode('{"flow":{"nodes":[{"__proto__":{}}]}}')).toMatchObject({ refusal: { details: { problems: [{ path: 'flow.nodes[0].__proto__' }] } } });
  });

  it('may have a member called constructor', () => {
    expect(decode('{"constructor":"x"}')).toMatchObject({ ok: true });
  });

  it('is not nested too deep, however deep it is', () => {
    expect(decode(nested(maxDepth))).toMatchObject({ ok: true });
    expect(decode(nested(maxDepth + 1))).toMatchObject({ ok: false, refusal: { code: 'REQUEST_BODY_INVALID' } });
    expect(decode(nested(200_000))).toMatchObject({ ok: false, refusal: { code: 'REQUEST_BODY_INVALID' } });
  });

  it('is UTF-8', () => {
    expect(decode(Buffer.from([0x22, 0xff, 0x22]))).toMatchObject({ ok: false, refusal: { code: 'REQUEST_BODY_MALFORMED', message: 'the body is not UTF-8' } });
  });
});

describe('a YAML body', () => {
  const yaml = (text: string) => decode(text, 'application/yaml');

  it('is decoded as YAML 1.2', () => {
    expect(yaml('a: yes\nb: [1, 0x10]\nc: &x {d: 1}\ne: *x\n')).toEqual({ ok: true, value: { a: 'yes', b: [1, 16], c: { d: 1 }, e: { d: 1 } } });
  });

  it.each([
    ['a: [1', 'line 1'],
    ['a: 1\na: 2\n', 'line 2, column 1'],
    ['a: 1\n---\nb: 2\n', 'more than one document'],
    ['a: !!js/function "x"\n', 'tag'],
    ['? [1, 2]\n: x\n', 'line 1'],
    ['a: *nowhere\n', 'Unresolved alias'],
  ])('says what is wrong and where: %j', (text, expected) => {
    expect(yaml(text)).toMatchObject({ ok: false, refusal: { code: 'REQUEST_BODY_MALFORMED', message: expect.stringContaining(expected) } });
  });

  it('cannot grow without bound by aliases', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]', ...Array.from({ length: 9 }, (_, index) => `a${index + 1}: &a${index + 1} [${Array(10).fill(`*a${index}`).join(', ')}]`)];
    expect(yaml(lines.join('\n'))).toMatchObject({ ok: false });
  });

  it('cannot refer to itself', () => {
    expect(yaml('a: &a [*a]')).toMatchObject({ ok: false });
  });

  it('holds only numbers that JSON has', () => {
    expect(yaml('a: .nan')).toMatchObject({ ok: false, refusal: { code: 'REQUEST_BODY_INVALID', message: 'a: this number is not finite' } });
  });

  it('may not reach a prototype', () => {
    expect(yaml('__proto__: {x: 1}')).toMatchObject({ ok: false, refusal: { code: 'REQUEST_BODY_INVALID' } });
  });

  it.each([nested(5_000), '['.repeat(60_000), '{a: '.repeat(15_000), '- '.repeat(30_000), '? '.repeat(30_000), Array.from({ length: 300 }, (_, level) => `${' '.repeat(level)}a:`).join('\n')])('may be nested as deep as JSON, not more (%#)', (text) => {
    expect(yaml(text)).toMatchObject({ ok: false, refusal: { code: 'REQUEST_BODY_MALFORMED', message: expect.stringContaining('nested more than 64 levels') } });
    expect(yaml(nested(64))).toMatchObject({ ok: true });
  });

  it('is not so large that reading it takes long', () => {
    const keys = Array.from({ length: 4_000 }, (_, index) => `k${index}: 1`);
    expect(yaml(keys.join('\n'))).toMatchObject({ ok: false, refusal: { message: expect.stringContaining('entries') } });
    expect(yaml(`[${'[a],'.repeat(12_000)}]`)).toMatchObject({ ok: false, refusal: { message: expect.stringContaining('more than') } });
  });

  it('is smaller than a JSON body may be', () => {
    expect(yaml(`a: ${'x'.repeat(300_000)}`)).toMatchObject({ ok: false, refusal: { code: 'REQUEST_TOO_LARGE' } });
  });
});

describe('the media type', () => {
  it.each([
    ['text/plain', both], ['application/x-www-form-urlencoded', both], ['', both], ['application/yaml', jsonOnly], ['application/json; charset=latin1', both], ['constructor', both], ['application/jsonx', both],
  ])('%j is refused with what is expected', (contentType, body) => {
    expect(decode('{}', contentType, body)).toMatchObject({ ok: false, refusal: { code: 'REQUEST_MEDIA_TYPE_UNSUPPORTED', message: expect.stringContaining('expected application/json') } });
  });

  it('does not matter without a body', () => {
    expect(decode('', 'text/plain', optional)).toEqual({ ok: true, value: undefined });
    expect(decode('', undefined, both)).toMatchObject({ ok: false, refusal: { code: 'REQUEST_BODY_MALFORMED' } });
  });

  it('is not compressed', () => {
    expect(decodeBody({ bytes: Buffer.from('{}'), contentType: 'application/json', contentEncoding: 'gzip' }, both)).toMatchObject({ ok: false, refusal: { code: 'REQUEST_MEDIA_TYPE_UNSUPPORTED', message: expect.stringContaining('gzip') } });
  });
});
