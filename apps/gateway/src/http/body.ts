import { accepted, type Json, type Result } from '@cs/kernel';
import type { HttpErrorCode, ProblemSource, RouteBody } from '@cs/http-api';
import { isUtf8 } from 'node:buffer';
import { findJsonFault } from './json-position.js';
import { findTreeFault } from './safe-tree.js';
import { maxYamlBytes, readYaml } from './yaml.js';

type Decoded = Result<Json | undefined, ProblemSource>;

const refuse = (code: HttpErrorCode, message: string, details?: { readonly problems?: readonly { path: string; code: string; message: string }[]; readonly line?: number; readonly column?: number }): Decoded =>
  ({ ok: false, refusal: { code, message, ...(details === undefined ? {} : { details }) } });

const malformed = (format: string, message: string, at?: { readonly line: number; readonly column: number }): Decoded =>
  refuse('REQUEST_BODY_MALFORMED', at === undefined ? `the body is not ${format}: ${message}` : `the body is not ${format}: ${message} at line ${at.line}, column ${at.column}`, at && { line: at.line, column: at.column });

const decodeJson = (text: string): Decoded => {
  try {
    return accepted(JSON.parse(text) as Json);
  } catch {
    const fault = findJsonFault(text);
    return fault === undefined ? malformed('JSON', 'it cannot be parsed') : malformed('JSON', `expected ${fault.expected}`, fault);
  }
};

const decodeYaml = (text: string): Decoded => {
  if (text.length > maxYamlBytes) return refuse('REQUEST_TOO_LARGE', `a YAML body has at most ${maxYamlBytes / 1024} KiB; send JSON`);
  const read = readYaml(text);
  return read.ok ? accepted(read.value as Json) : malformed('YAML', read.message, read.at);
};

/** Fields are texts. One that comes twice would say two things. */
const decodeForm = (text: string): Decoded => {
  const fields = [...new URLSearchParams(text)];
  const names = fields.map(([name]) => name);
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  return repeated === undefined ? accepted(Object.fromEntries(fields)) : malformed('a form', `"${repeated.slice(0, 64)}" is there twice`);
};

const decoders: Readonly<Record<string, { readonly type: RouteBody['mediaTypes'][number]; readonly decode: (text: string) => Decoded }>> = {
  'application/json': { type: 'application/json', decode: decodeJson },
  'application/yaml': { type: 'application/yaml', decode: decodeYaml },
  'application/x-yaml': { type: 'application/yaml', decode: decodeYaml },
  'application/x-www-form-urlencoded': { type: 'application/x-www-form-urlencoded', decode: decodeForm },
  'text/yaml': { type: 'application/yaml', decode: decodeYaml },
};

const charset = /;\s*charset\s*=\s*"?([^;"\s]+)/i;
const utf8: ReadonlySet<string | undefined> = new Set([undefined, 'utf-8', 'utf8']);

const mediaTypeOf = (contentType: string): string => (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();

const decoderFor = (contentType: string, { mediaTypes }: RouteBody): ((text: string) => Decoded) | undefined => {
  if (!utf8.has(charset.exec(contentType)?.[1]?.toLowerCase())) return undefined;
  const decoder = decoders[mediaTypeOf(contentType)];
  return decoder !== undefined && mediaTypes.includes(decoder.type) ? decoder.decode : undefined;
};

const checked = (decoded: Decoded): Decoded => {
  if (!decoded.ok) return decoded;
  const fault = findTreeFault(decoded.value);
  return fault === undefined ? decoded : refuse('REQUEST_BODY_INVALID', fault.path === '' ? fault.message : `${fault.path}: ${fault.message}`, { problems: [{ ...fault, code: 'unsafe_value' }] });
};

export interface SentBody {
  /** As it arrived; `undefined` or empty when there is none. */
  readonly bytes: Buffer | undefined;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
}

const isPlain = (encoding: string | undefined): boolean => encoding === undefined || encoding.toLowerCase() === 'identity';

const sentAs = ({ contentType = '', contentEncoding }: SentBody): string => {
  if (!isPlain(contentEncoding)) return `compressed as "${String(contentEncoding).slice(0, 100)}"`;
  return contentType === '' ? 'without a Content-Type' : `as "${contentType.slice(0, 100)}"`;
};

const noBody = ({ required, mediaTypes }: RouteBody): Decoded =>
  required ? refuse('REQUEST_BODY_MALFORMED', `there is no body; expected one ${mediaTypes.join(' or ')} document`) : accepted(undefined);

/** Decodes a body by its media type. No body is `undefined`. The value is checked to be safe, not to fit the route. */
export const decodeBody = (sent: SentBody, body: RouteBody): Decoded => {
  const { bytes, contentType = '', contentEncoding } = sent;
  if (bytes === undefined || bytes.length === 0) return noBody(body);
  const decode = isPlain(contentEncoding) ? decoderFor(contentType, body) : undefined;
  if (decode === undefined) return refuse('REQUEST_MEDIA_TYPE_UNSUPPORTED', `the body came ${sentAs(sent)}; expected ${body.mediaTypes.join(' or ')} in UTF-8, not compressed`);
  return isUtf8(bytes) ? checked(decode(bytes.toString('utf8'))) : refuse('REQUEST_BODY_MALFORMED', 'the body is not UTF-8');
};
