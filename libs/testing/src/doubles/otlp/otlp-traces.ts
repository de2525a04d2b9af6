import { z } from 'zod';

const valueSchema = z.union([
  z.strictObject({ stringValue: z.string() }).transform(({ stringValue }) => stringValue),
  z.strictObject({ intValue: z.union([z.int(), z.string().regex(/^-?\d+$/)]) }).transform(({ intValue }) => Number(intValue)),
  z.strictObject({ doubleValue: z.number() }).transform(({ doubleValue }) => doubleValue),
  z.strictObject({ boolValue: z.boolean() }).transform(({ boolValue }) => boolValue),
  z.strictObject({ arrayValue: z.strictObject({ values: z.array(z.strictObject({ stringValue: z.string() })) }) }).transform(({ arrayValue }) => arrayValue.values.map(({ stringValue }) => stringValue)),
]);

const attributesSchema = z.array(z.strictObject({ key: z.string().min(1), value: valueSchema })).default([]).transform((pairs) => Object.fromEntries(pairs.map(({ key, value }) => [key, value])));
const traceId = z.string().regex(/^(?!0+$)[0-9a-f]{32}$/);
const spanId = z.string().regex(/^(?!0+$)[0-9a-f]{16}$/);
const nanos = z.string().regex(/^\d{19}$/);

const kinds = ['internal', 'server', 'client', 'producer', 'consumer'] as const;

const spanSchema = z.object({
  traceId, spanId, parentSpanId: spanId.optional(), name: z.string().min(1),
  kind: z.int().min(1).max(kinds.length).transform((kind) => kinds[kind - 1] ?? 'internal'),
  startTimeUnixNano: nanos, endTimeUnixNano: nanos, attributes: attributesSchema,
  links: z.array(z.object({ traceId, spanId })).default([]),
  status: z.object({ code: z.int().min(0).max(2).optional(), message: z.string().optional() }).optional(),
});

/** `ExportTraceServiceRequest` of opentelemetry-proto, as JSON (OTLP 1.x: ids are hexadecimal, enums are numbers). */
const requestSchema = z.object({
  resourceSpans: z.array(z.object({
    resource: z.object({ attributes: attributesSchema }),
    scopeSpans: z.array(z.object({ scope: z.object({ name: z.string() }), spans: z.array(spanSchema) })),
  })),
});

export interface ReceivedSpan extends Pick<z.output<typeof spanSchema>, 'traceId' | 'spanId' | 'parentSpanId' | 'name' | 'kind' | 'attributes' | 'links'> {
  /** `service.name` of what sent it. */
  readonly service: string;
  readonly isError: boolean;
}

const errorCode = 2;

/** The spans of a request. Throws when it is none. */
export const readOtlpTraces = (body: unknown): readonly ReceivedSpan[] =>
  requestSchema.parse(body).resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ startTimeUnixNano: _start, endTimeUnixNano: _end, status, ...span }) => ({ ...span, service: String(resource.attributes['service.name']), isError: status?.code === errorCode }))));
