import { createOutboundHttp } from '@cs/outbound-http';
import { DoubleServer, jsonAnswer, TeamsDouble } from '@cs/testing/doubles';
import { decidedOutgoing, outgoingOf } from '../chat/cards.fixture.js';
import { TeamsChannel } from './teams-channel.adapter.js';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const installed = async () => {
  const server = await new DoubleServer(new TeamsDouble()).start();
  const http = createOutboundHttp({ egressAllow: ['127.0.0.0/8'] });
  closers.push(() => server.close(), () => http.close());
  return { server, channelTo: (path = server.platform.path) => new TeamsChannel({ http, workflowUrl: `${server.url}${path}`, timeoutMs: 200 }) };
};

describe('Channels: cards in Teams', () => {
  it('posts the question with a button that opens the page, and later what was decided, as a card of its own', async () => {
    const { server, channelTo } = await installed();
    expect(await channelTo().deliver(outgoingOf('approvals'))).toEqual({ kind: 'sent' });
    expect(await channelTo().deliver(decidedOutgoing('approvals', []))).toEqual({ kind: 'sent' });
    const [question, decision] = server.platform.cards.map((card) => JSON.stringify(card));
    expect(question).toContain('Open, and decide there');
    expect(decision).toContain('Approved by grace.');
    expect(await (await fetch(server.url)).text()).toContain('Approved by grace.');
  });

  it.each([[429, 'transient'], [500, 'transient'], [503, 'transient'], [400, 'permanent'], [401, 'permanent'], [404, 'permanent'], [413, 'permanent']])('takes %i as %s', async (status, kind) => {
    const { server, channelTo } = await installed();
    server.faults.add({ fault: { kind: 'answer', answer: jsonAnswer(status, {}, { 'retry-after': '7' }) } });
    expect(await channelTo().deliver(outgoingOf('approvals'))).toMatchObject({ kind, ...(status === 429 ? { retry_after_ms: 7_000, not_posted: true } : {}) });
  });

  it('says no secret of its address, whatever happens', async () => {
    const { server, channelTo } = await installed();
    const outcomes = [await channelTo('/workflows/1/triggers/manual/paths/invoke?sig=wrong-secret').deliver(outgoingOf('approvals'))];
    server.faults.add({ fault: { kind: 'hang' } });
    outcomes.push(await channelTo().deliver(outgoingOf('approvals')));
    expect(outcomes.map(({ kind }) => kind)).toEqual(['permanent', 'transient']);
    expect(JSON.stringify(outcomes)).not.toMatch(/secret|signature|invoke/);
  });
});
