import { z } from 'zod';

const headerPair = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+=[\x21-\x7e]*$/;

const isDecodable = (text: string): boolean => {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
};

const isPair = (text: string): boolean => headerPair.test(text.trim()) && isDecodable(text);

const pairOf = (text: string): readonly [string, string] => {
  const at = text.indexOf('=');
  return [text.slice(0, at).trim(), decodeURIComponent(text.slice(at + 1).trim())];
};

/** `name=value` pairs as OpenTelemetry reads them: separated by commas, values percent-encoded. The message never quotes one. */
const headersSchema = z
  .string()
  .refine((text) => text.split(',').every(isPair), 'expected name=value, or several separated by commas, with percent-encoded values')
  .transform((text): Readonly<Record<string, string>> => Object.fromEntries(text.split(',').map(pairOf)));

const hasNoCredentials = (text: string): boolean => !URL.canParse(text) || new URL(text).username + new URL(text).password === '';

/** Variables of traces, the same for every service. */
export const tracingVariables = {
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).refine(hasNoCredentials, 'credentials belong in OTEL_EXPORTER_OTLP_HEADERS_FILE').optional().describe('where traces go, as OTLP over HTTP (JSON); `/v1/traces` is added. Without it there are none'),
  OTEL_EXPORTER_OTLP_HEADERS: headersSchema.optional().describe('headers of those requests: `name=value`, separated by commas; credentials are better given as a file'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1).describe('share of the traces begun here that are recorded; in a trace begun elsewhere the caller says whether'),
  OTEL_BSP_MAX_QUEUE_SIZE: z.coerce.number().int().min(1).max(1_000_000).default(2048).describe('spans that wait to be sent, at most; more are dropped and counted'),
  COUNTERSIGN_TRACES_PREFIX: z.string().regex(/^[A-Za-z0-9._-]{0,64}$/, 'expected at most 64 letters, digits, dots, hyphens and underscores').default('').describe('stands before the names of services in traces, such as `acme-`'),
};

export type TracingConfig = z.output<z.ZodObject<typeof tracingVariables>>;
