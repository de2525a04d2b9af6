import { jest } from '@jest/globals';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { eventually } from '@cs/testing';
import { LocalServer, OtlpDouble, startSlackDouble, type DoubleServer, type ReceivedSpan, type SlackDouble } from '@cs/testing/doubles';
import { Client } from './client.fixture.js';
import { documentedMetrics, expressionCheck, monitoringExpressions, readScrape, seriesOf, type Scraped } from './scrape.fixture.js';
import { serviceNames, System, type ServiceName } from './system.fixture.js';

jest.setTimeout(120_000);

const secret = 'hunter2-the-secret';
const argument = 'order-8812-of-grace';
const caller = { trace: '4bf92f3577b34da6a3ce929d0e0e4736', span: '00f067aa0ba902b7' };

/** A system that is called by `http` steps and remembers the traces that it is told of. */
class Peer extends LocalServer {
  readonly traceparents: (string | undefined)[] = [];
  readonly tracestates: (string | undefined)[] = [];
  protected answer({ headers }: IncomingMessage, response: ServerResponse): void {
    this.traceparents.push(headers['traceparent']?.toString());
    this.tracestates.push(headers['tracestate']?.toString());
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ note: argument }));
  }
}

describe('Observability: traces of a run through all services', () => {
  const peer = new Peer();
  const collector = new OtlpDouble();
  let slack: DoubleServer<SlackDouble>;
  let system: System;
  let client: Client;

  beforeAll(async () => {
    slack = await startSlackDouble({ people: [{ id: 'U0ADA', name: 'ada' }] });
    await Promise.all([peer.start(), collector.start()]);
    const { botToken, signingSecret, teamId, appId } = slack.platform.app;
    system = await System.start({
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${secret}`, COUNTERSIGN_SECRET_TOKEN: secret,
        COUNTERSIGN_CHANNEL_SECRET_SLACK_TOKEN: botToken, COUNTERSIGN_CHANNEL_SECRET_SLACK_SIGNING: signingSecret,
      },
    });
    client = new Client(system.url, system.paymentsUrl);
    await client.insist('PUT', '/channels/slack', {
      kind: 'slack', name: 'Approvals', secrets: { bot_token: 'SLACK_TOKEN', signing_secret: 'SLACK_SIGNING' },
      settings: { recipient: 'C0APPROVALS', allowed_users: ['U0ADA'], base_url: `${slack.url}/api`, per_second: 50, options: { team_id: teamId, app_id: appId } },
    });
    const call = { kind: 'http', method: 'POST', url: `${peer.url}/{{ input.order }}`, headers: { authorization: 'Bearer {{ secrets.TOKEN }}' }, body: { order: '{{ input.order }}' } };
    await client.define({
      automation_id: 'traced', name: 'traced', status: 'active',
      flow: {
        nodes: [
          { node_id: 'look_up', objective: 'look up', action: call },
          { node_id: 'sign', objective: 'Pay {{ input.order }}?', depends_on: ['look_up'], gate: { required: true } },
          { node_id: 'pay', objective: 'pay', depends_on: ['sign'], action: call },
        ],
      },
    });
  });
  afterAll(async () => {
    await system.stop();
    await Promise.all([slack.close(), peer.close(), collector.close()]);
  });

  const ofRun = (run_id: string): readonly ReceivedSpan[] => collector.spans.filter(({ attributes }) => attributes['countersign.run_id'] === run_id);
  const nameOf = ({ service, kind, name }: ReceivedSpan): string => `${service} ${kind} ${name}`;
  const parentOf = ({ traceId, parentSpanId }: ReceivedSpan): ReceivedSpan | undefined => collector.spans.find((span) => span.traceId === traceId && span.spanId === parentSpanId);
  /** From a span up to where its trace began here, by name. */
  const lineNow = (span: ReceivedSpan): readonly string[] => {
    const parent = parentOf(span);
    return parent === undefined ? [nameOf(span)] : [nameOf(span), ...lineNow(parent)];
  };
  /** Services send on their own: what began it may come last. */
  const lineOf = (span: ReceivedSpan): Promise<readonly string[]> => eventually(() => {
    const line = lineNow(span);
    return line.at(-1)?.startsWith('gateway server') === true ? line : undefined;
  }, { timeoutMs: 20_000 });
  const eventsOf = (span: ReceivedSpan): readonly string[] => [span.attributes['countersign.event_types'] ?? []].flat().map(String);
  const one = (condition: (span: ReceivedSpan) => boolean): Promise<ReceivedSpan> => eventually(() => collector.spans.find(condition), { timeoutMs: 20_000 });

  it('all that leads from the request to the open gate is one trace, a decision another, and both link to each other', async () => {
    const started = await client.call('POST', '/automations/v2/traced/run_now', { body: { input: { order: argument } }, headers: { traceparent: `00-${caller.trace}-${caller.span}-01`, tracestate: `vendor=${argument}` } });
    const { run_id } = started.body['run'] as { run_id: string };
    await client.untilGate(run_id);
    const isOf = (span: ReceivedSpan): boolean => span.attributes['countersign.run_id'] === run_id;
    const card = await one((span) => span.service === 'notifier' && span.kind === 'client' && span.traceId === caller.trace);
    const opened = await one((span) => isOf(span) && span.kind === 'producer' && eventsOf(span).includes('approval_gate_opened'));
    await one((span) => isOf(span) && span.service === 'projector' && span.parentSpanId === opened.spanId);

    const request = await one((span) => span.parentSpanId === caller.span);
    expect(request).toMatchObject({ service: 'gateway', kind: 'server', name: 'POST /automations/v2/{automation_id}/run_now', traceId: caller.trace, attributes: { 'http.response.status_code': 200, 'countersign.run_id': run_id, 'countersign.org_id': 'local' } });
    const begun = ['runner producer publish CS_LOG', 'runner server runner/run_now', 'gateway client runner/run_now', 'gateway server POST /automations/v2/{automation_id}/run_now'];
    expect(await lineOf(opened)).toEqual(['runner producer publish CS_LOG', 'runner consumer process runner--queued-runs', ...begun]);
    const step = await one((span) => isOf(span) && span.attributes['countersign.node_id'] === 'look_up');
    expect(await lineOf(step)).toEqual(['runner client POST', 'runner consumer process runner--queued-runs', ...begun]);
    expect([peer.traceparents, peer.tracestates]).toEqual([[`00-${step.traceId}-${step.spanId}-01`], [undefined]]);
    const cardLine = await lineOf(card);
    expect(cardLine.slice(-begun.length)).toEqual(begun);
    expect(cardLine.slice(1)).toContain('notifier consumer process notifier--gate-events');
    expect(new Set(ofRun(run_id).filter(({ kind }) => kind !== 'server' && kind !== 'client').map(({ traceId }) => traceId))).toEqual(new Set([caller.trace]));

    await client.decide(run_id, 'approve');
    await client.untilFinished(run_id);
    const decided = await one((span) => isOf(span) && eventsOf(span).includes('approval_gate_decided'));
    expect(await lineOf(decided)).toEqual(['approval-gate producer publish CS_LOG', 'approval-gate server approval-gate/decide', 'gateway client approval-gate/decide', 'gateway server POST /automations/v2/runs/{run_id}/gate']);
    expect(decided.traceId).not.toBe(caller.trace);
    expect(decided.links).toMatchObject([{ traceId: caller.trace }]);
    const wentOn = await one((span) => isOf(span) && span.links.some(({ spanId }) => spanId === decided.spanId) && span.service === 'runner');
    expect(wentOn).toMatchObject({ kind: 'consumer', name: 'process runner--queued-runs', traceId: caller.trace });
    const completed = await one((span) => isOf(span) && eventsOf(span).includes('run_completed'));
    expect([completed.traceId, completed.parentSpanId]).toEqual([caller.trace, wentOn.spanId]);
    expect((await one((span) => isOf(span) && span.attributes['countersign.node_id'] === 'pay')).traceId).toBe(caller.trace);
    const services = (): readonly string[] => [...new Set(collector.spans.filter(({ traceId }) => traceId === caller.trace).map(({ service }) => service))].sort();
    expect(services()).toEqual(['gateway', 'notifier', 'projector', 'runner']);
  });

  it('no span holds a secret, an input, an address or an answer, and every span is one that the protocol knows', () => {
    const everything = collector.bodies.join('\n');
    expect(collector.spans.length).toBeGreaterThan(20);
    for (const text of [secret, argument, slack.platform.app.botToken, peer.url.slice('http://'.length), 'Pay ']) expect(everything).not.toContain(text);
    expect([collector.problems, collector.headers['authorization']]).toEqual([[], `Bearer ${secret}`]);
    for (const name of serviceNames) expect(system.log(name)).not.toContain(secret);
  });

  it.each(['nonsense', `ff-${caller.trace}-${caller.span}-01`])('a request with the traceparent %s is served, and begins a trace', async (traceparent) => {
    const answer = await client.call('POST', '/automations/v2/traced/run_now', { body: { input: { order: 'other' } }, headers: { traceparent } });
    expect(answer.status).toBe(200);
    const { run_id } = answer.body['run'] as { run_id: string };
    const request = await one((span) => span.service === 'gateway' && span.kind === 'server' && span.attributes['countersign.run_id'] === run_id);
    expect(request.parentSpanId).toBeUndefined();
    expect(request.traceId).not.toBe(caller.trace);
    await client.untilGate(run_id);
  });

  it('every service tells Prometheus what is documented and nothing else, and rules and panels ask for what there is', async () => {
    const scrapes = new Map<ServiceName, ReadonlyMap<string, Scraped>>();
    for (const name of serviceNames) scrapes.set(name, readScrape(await system.metrics(name)));
    const documented = documentedMetrics();
    const isOf = (services: readonly string[], name: ServiceName): boolean => services.includes('every service') || services.includes(name);
    for (const [service, scrape] of scrapes) {
      const own = documented.filter(({ services }) => isOf(services, service));
      const missing = own.filter(({ name, type }) => scrape.get(name)?.type !== type).map(({ name }) => name);
      expect([service, missing]).toEqual([service, []]);
      // A metric that is declared where nothing is counted has no samples there.
      const shown = [...scrape].filter(([name, { labels }]) => name.startsWith('countersign_') && labels.size > 0);
      expect([service, shown.map(([name]) => name).filter((name) => !own.some((one) => one.name === name))]).toEqual([service, []]);
      const unexpected = shown.flatMap(([name, { labels }]) => {
        const known = ['service', 'le', ...(own.find((one) => one.name === name)?.labels ?? [])];
        return [...labels].filter((label) => !known.includes(label)).map((label) => `${name} ${label}`);
      });
      expect([service, unexpected]).toEqual([service, []]);
    }
    const check = await expressionCheck();
    const series = new Map([['up', []], ...[...scrapes.values()].flatMap((scrape) => [...scrape].flatMap(([name, { type, labels }]) => seriesOf(name, { type, labels: new Set([...labels, ...(documented.find((one) => one.name === name)?.labels ?? [])]) })))]);
    const expressions = monitoringExpressions();
    expect(expressions.length).toBeGreaterThan(50);
    expect(expressions.flatMap((expression) => check(expression, series))).toEqual([]);
    expect(scrapes.get('gateway')?.get('countersign_rpc_request_seconds')?.labels).toEqual(new Set(['le', 'service', 'method', 'outcome']));
  });

  it('a collector that is away changes nothing for a run, and what it missed is counted', async () => {
    await collector.close();
    const run_id = await client.start('traced', { order: argument });
    await client.untilGate(run_id);
    await client.decide(run_id, 'approve');
    expect(await client.untilFinished(run_id)).toMatchObject({ status: 'completed' });
    await eventually(async () => /countersign_trace_spans_total\{outcome="failed",service="runner"\} [1-9]/.test(await system.metrics('runner')), { timeoutMs: 30_000 });
  });
});
