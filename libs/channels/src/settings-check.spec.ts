import { channelSettingsSchema } from '@cs/contracts';
import { createOutboundHttp } from '@cs/outbound-http';
import { teamsKind } from './teams/teams-kind.js';
import { webhookKind } from './webhook-kind.js';

const http = createOutboundHttp({ egressAllow: [] });
afterAll(() => http.close());

const webhook = webhookKind({ http, now: () => 0 });
const url = 'https://desk.example.com/hook';
const problemsOf = (kind: Pick<typeof webhook, 'check'>, settings: object) => kind.check(channelSettingsSchema.parse({ recipient: url, ...settings })).map(({ path, code }) => `${path} ${code}`);

describe('settings of a webhook', () => {
  it('need a URL wherever they name a recipient', () => {
    const quiet_hours = { hours: { from: '22:00', to: '07:00' } };
    expect(problemsOf(webhook, { routes: [{ recipient: url }, {}], quiet_hours: { ...quiet_hours, escalate_to: url }, run_notices: { recipient: url } })).toEqual([]);
    expect(problemsOf(webhook, { recipient: 'desk', routes: [{ recipient: 'ftp://desk' }], quiet_hours: { ...quiet_hours, escalate_to: 'night' }, run_notices: { recipient: 'ops' } })).toEqual([
      'recipient not_an_url', 'routes[0].recipient not_an_url', 'quiet_hours.escalate_to not_an_url', 'run_notices.recipient not_an_url',
    ]);
  });
});

it('asks nobody directly at a webhook and in Teams, which know no persons', () => {
  for (const kind of [webhook, teamsKind({ http })]) expect(problemsOf(kind, { routes: [{}, { mode: 'direct' }] })).toEqual(['routes[1].mode no_persons']);
});
