import { Controller, Inject, Req, Res } from '@nestjs/common';
import { routes, type HttpErrorCode, type ProblemSource } from '@cs/http-api';
import { HEALTH, METRICS, type HealthRegistry } from '@cs/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Registry } from 'prom-client';
import { asyncApiText, docsAsset, docsPage, docsPolicy, errorsPageText, knownSchemas, openApiText, schemaText } from './documentation.js';
import { Handles } from './http/handles.js';
import { sendProblem } from './http/problem-answer.js';

const json = 'application/json; charset=utf-8';
const html = 'text/html; charset=utf-8';

const refusal = (code: HttpErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}): ProblemSource => ({ code, message, details });
const unknownFile = refusal('ROUTE_NOT_FOUND', 'there is no such file');
const unknownSchema = refusal('SCHEMA_NOT_FOUND', 'there is no schema of this name', { schemas: knownSchemas });

const parameter = (request: FastifyRequest, name: string): string => {
  const { params } = request;
  const value: unknown = typeof params === 'object' && params !== null ? Reflect.get(params, name) : undefined;
  return typeof value === 'string' ? value : '';
};

/** Health, metrics and documentation: routes without a tenant. */
@Controller()
export class DocumentsController {
  readonly #health: HealthRegistry;
  readonly #metrics: Registry;

  constructor(@Inject(HEALTH) health: HealthRegistry, @Inject(METRICS) metrics: Registry) {
    this.#health = health;
    this.#metrics = metrics;
  }

  @Handles(routes.healthz)
  healthz(@Res() reply: FastifyReply): void {
    reply.type(json).send('{"status":"ok"}');
  }

  @Handles(routes.readyz)
  async readyz(@Res() reply: FastifyReply): Promise<void> {
    const report = await this.#health.report();
    reply.code(report.ready ? 200 : 503).type(json).send(JSON.stringify(report));
  }

  @Handles(routes.metrics)
  async metrics(@Res() reply: FastifyReply): Promise<void> {
    reply.type(this.#metrics.contentType).send(await this.#metrics.metrics());
  }

  @Handles(routes.docs)
  docs(@Res() reply: FastifyReply): void {
    reply.header('content-security-policy', docsPolicy).type(html).send(docsPage);
  }

  @Handles(routes.docsAsset)
  async docsAsset(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const asset = await docsAsset(parameter(request, 'file'));
    if (asset === undefined) sendProblem({ request, reply }, unknownFile);
    else reply.type(asset.type).send(asset.content);
  }

  @Handles(routes.docsErrors)
  docsErrors(@Res() reply: FastifyReply): void {
    reply.type(html).send(errorsPageText());
  }

  @Handles(routes.openApi)
  openApi(@Res() reply: FastifyReply): void {
    reply.type(json).send(openApiText());
  }

  @Handles(routes.asyncApi)
  asyncApi(@Res() reply: FastifyReply): void {
    reply.type(json).send(asyncApiText());
  }

  @Handles(routes.namedSchema)
  schema(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const text = schemaText(parameter(request, 'name'));
    if (text === undefined) sendProblem({ request, reply }, unknownSchema);
    else reply.type('application/schema+json').send(text);
  }
}
