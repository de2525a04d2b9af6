import { z } from 'zod';
import { tracingVariables } from './tracing.config.js';

const schema = z.object(tracingVariables);
const problemsOf = (variables: Readonly<Record<string, string>>): string => JSON.stringify(schema.safeParse(variables).error?.issues ?? []);

describe('the variables of traces', () => {
  it('trace nothing unless they say where to', () => {
    expect(schema.parse({})).toEqual({ OTEL_TRACES_SAMPLER_ARG: 1, OTEL_BSP_MAX_QUEUE_SIZE: 2048, COUNTERSIGN_TRACES_PREFIX: '' });
  });

  it('read headers as OpenTelemetry writes them', () => {
    expect(schema.parse({ OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc%3D, x-scope=a=b' }).OTEL_EXPORTER_OTLP_HEADERS).toEqual({ authorization: 'Bearer abc=', 'x-scope': 'a=b' });
  });

  it.each(['authorization', 'a b=c', 'authorization=%zz', 'x=1,,y=2', 'authorization=Bearer hunter2'])('refuse the headers %p without repeating them', (headers) => {
    const problems = problemsOf({ OTEL_EXPORTER_OTLP_HEADERS: headers });
    expect(problems).toContain('expected name=value');
    expect(problems).not.toContain(headers);
  });

  it.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, 'OTEL_EXPORTER_OTLP_ENDPOINT'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://ada:hunter2@collector:4318' }, 'OTEL_EXPORTER_OTLP_HEADERS_FILE'],
    [{ OTEL_TRACES_SAMPLER_ARG: '1.1' }, 'OTEL_TRACES_SAMPLER_ARG'],
    [{ OTEL_BSP_MAX_QUEUE_SIZE: '0' }, 'OTEL_BSP_MAX_QUEUE_SIZE'],
    [{ COUNTERSIGN_TRACES_PREFIX: 'a b' }, 'COUNTERSIGN_TRACES_PREFIX'],
  ])('refuse %p', (variables, name) => {
    expect(problemsOf(variables)).toContain(name);
    expect(problemsOf(variables)).not.toContain('hunter2');
  });
});
