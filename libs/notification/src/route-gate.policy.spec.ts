import { channelSettingsSchema, type Channel, type ChannelUser } from '@cs/contracts';
import fc from 'fast-check';
import type { InstalledChannel } from './channel.state.js';
import { endOf, isWithin } from './hours.js';
import { escalationDestinations, routeGate, type GateFacts } from './route-gate.policy.js';

const at = (iso: string): number => Date.parse(iso);
const noon = at('2026-03-04T12:00:00Z');

interface Setup {
  readonly id?: string;
  readonly settings?: object;
  readonly users?: readonly ChannelUser[];
  readonly status?: 'enabled' | 'disabled';
}

const channelOf = ({ id = 'chat', settings = {}, users = [], status = 'enabled' }: Setup = {}): InstalledChannel => {
  const channel: Channel = {
    channel_id: id, kind: 'slack', name: id, callback_id: '0'.repeat(32), settings: channelSettingsSchema.parse({ recipient: 'C1', ...settings }), secrets: {},
    tenant_context: { org_id: 'acme', workspace_id: 'ops', source: 'explicit' }, created_at_ms: 1, updated_at_ms: 1,
  };
  return { status, channel, users, enrolments: [] };
};

const gate = (change: Partial<GateFacts> = {}): GateFacts => ({ automation_id: 'refund', ...change });
const place = { channel_id: 'chat', kind: 'slack', recipient: 'C1', mode: 'card' };

describe('routing a gate', () => {
  it('asks every enabled channel when there are no rules', () => {
    expect(routeGate(gate(), [channelOf(), channelOf({ id: 'other' }), channelOf({ id: 'off', status: 'disabled' })], noon)).toEqual([place, { ...place, channel_id: 'other' }]);
  });

  it('goes where the first route that fits says, by automation, risk, data class and time of day', () => {
    const settings = {
      routes: [
        { automations: ['deploy'], recipient: 'C-deploy' },
        { risk_tiers: ['money_movement_contract'], recipient: 'C-money' },
        { data_classes: ['restricted'], recipient: 'C-restricted' },
        { hours: { from: '08:00', to: '18:00' }, risk_tiers: ['none'], recipient: 'C-day' },
        { risk_tiers: ['none'], mode: 'none' },
      ],
    };
    const to = (facts: GateFacts, at_ms = noon) => routeGate(facts, [channelOf({ settings })], at_ms).map(({ recipient }) => recipient);
    expect(to(gate({ automation_id: 'deploy', risk_tier: 'money_movement_contract' }))).toEqual(['C-deploy']);
    expect(to(gate({ risk_tier: 'money_movement_contract' }))).toEqual(['C-money']);
    expect(to(gate({ data_classes: ['public', 'restricted'] }))).toEqual(['C-restricted']);
    expect(to(gate())).toEqual(['C-day']);
    expect(to(gate(), at('2026-03-04T18:00:00Z'))).toEqual([]);
    expect(to(gate({ risk_tier: 'internal_write' }))).toEqual([]);
  });

  it('asks named approvers who are enrolled directly, and the recipient when none is', () => {
    const users = [{ user_id: 'U1', departments: [], person: 'Ada' }, { user_id: 'U2', departments: [], person: 'bob' }, { user_id: 'U3', departments: [] }];
    const channel = channelOf({ users, settings: { routes: [{ mode: 'direct' }] } });
    expect(routeGate(gate({ approvers: [{ kind: 'person', id: 'ada' }, { kind: 'role', id: 'bob' }] }), [channel], noon)).toEqual([{ ...place, recipient: 'user:U1', direct: true }]);
    expect(routeGate(gate({ approvers: [{ kind: 'role', id: 'lead' }] }), [channel], noon)).toEqual([{ ...place, direct: true }]);
    expect(routeGate(gate(), [channel], noon)).toEqual([{ ...place, direct: true }]);
  });

  it('asks whom it is escalated to directly, where persons are asked directly and they are enrolled', () => {
    const users = [{ user_id: 'U1', departments: [], person: 'Ada' }, { user_id: 'U2', departments: [], person: 'Bob' }];
    const direct = channelOf({ users, settings: { routes: [{ mode: 'direct' }] } });
    const channels = [direct, channelOf({ id: 'cards', users })];
    const asked = routeGate(gate({ approvers: [{ kind: 'person', id: 'ada' }] }), channels, noon);
    expect(escalationDestinations(channels, asked, { escalated_to: 'bob', at_ms: noon })).toEqual([{ ...place, recipient: 'user:U2' }]);
    expect(escalationDestinations(channels, asked, { escalated_to: 'ada', at_ms: noon })).toEqual([]);
    expect(escalationDestinations(channels, asked, { escalated_to: 'carol', at_ms: noon })).toEqual([]);
    const nobody = routeGate(gate(), channels, noon);
    expect(escalationDestinations(channels, nobody, { escalated_to: 'bob', at_ms: noon })).toEqual([{ ...place, recipient: 'user:U2' }]);
  });

  it('asks where a gate was only listed when it escalates', () => {
    const settings = { routes: [{ mode: 'digest' }], quiet_hours: { hours: { from: '22:00', to: '07:00' }, escalate_to: 'C-night' } };
    const channel = channelOf({ settings });
    const asked = routeGate(gate(), [channel], noon);
    expect(escalationDestinations([channel], asked, { escalated_to: 'lead', at_ms: noon })).toEqual([place]);
    expect(escalationDestinations([channel], asked, { escalated_to: 'lead', at_ms: at('2026-03-04T23:00:00Z') })).toEqual([place, { ...place, recipient: 'C-night' }]);
    expect(escalationDestinations([channel], [...asked, { ...asked[0], channel_id: 'chat', kind: 'slack', recipient: 'C1', mode: 'card' }], { escalated_to: 'lead', at_ms: noon })).toEqual([]);
  });

  it('lists gates in a digest at the next multiple of its minutes', () => {
    const channel = channelOf({ settings: { routes: [{ risk_tiers: ['none'], mode: 'digest', digest_minutes: 30 }] } });
    expect(routeGate(gate(), [channel], at('2026-03-04T12:10:00Z'))).toEqual([{ ...place, mode: 'digest', not_before_ms: at('2026-03-04T12:30:00Z') }]);
    expect(routeGate(gate(), [channel], at('2026-03-04T12:30:00Z'))).toEqual([{ ...place, mode: 'digest', not_before_ms: at('2026-03-04T13:00:00Z') }]);
  });

  it('lets questions wait for the end of quiet hours, but for tiers that do not wait', () => {
    const settings = { quiet_hours: { hours: { from: '22:00', to: '07:00', timezone: 'Europe/Vienna' }, except_risk_tiers: ['destructive_delete'], escalate_to: 'C-night' } };
    const channel = channelOf({ settings });
    const night = at('2026-03-04T23:00:00Z');
    expect(routeGate(gate(), [channel], night)).toEqual([{ ...place, not_before_ms: at('2026-03-05T06:00:00Z') }]);
    expect(routeGate(gate({ risk_tier: 'destructive_delete' }), [channel], night)).toEqual([place]);
    expect(routeGate(gate(), [channel], noon)).toEqual([place]);
    const asked = routeGate(gate(), [channel], night);
    expect(escalationDestinations([channel, channelOf({ id: 'other', settings })], asked, { escalated_to: 'lead', at_ms: night })).toEqual([{ ...place, recipient: 'C-night' }]);
    expect(escalationDestinations([channel], asked, { escalated_to: 'lead', at_ms: noon })).toEqual([]);
    expect(escalationDestinations([channel], [...asked, { ...place, kind: 'slack', mode: 'card', recipient: 'C-night' }], { escalated_to: 'lead', at_ms: night })).toEqual([]);
  });

  it('follows the clock of the time zone over its changes', () => {
    const hours = { from: '22:00', to: '07:00', timezone: 'Europe/Vienna' };
    // The night of 29 March 2026 has one hour less.
    expect(endOf(hours, at('2026-03-28T22:00:00Z'))).toBe(at('2026-03-29T05:00:00Z'));
    expect(endOf(hours, at('2026-10-24T21:00:00Z'))).toBe(at('2026-10-25T06:00:00Z'));
  });

  it('counts days from where a night begins', () => {
    const friday = { from: '22:00', to: '07:00', timezone: 'UTC', days: [5] };
    expect(isWithin(friday, at('2026-03-06T23:00:00Z'))).toBe(true);
    expect(isWithin(friday, at('2026-03-07T06:59:00Z'))).toBe(true);
    expect(isWithin(friday, at('2026-03-07T07:00:00Z'))).toBe(false);
    expect(isWithin(friday, at('2026-03-07T23:00:00Z'))).toBe(false);
    expect(isWithin(friday, at('2026-03-06T06:00:00Z'))).toBe(false);
  });

  it('names each place once, only enabled channels, never a time that is over, and the same for the same facts', () => {
    const two = (value: number): string => String(value).padStart(2, '0');
    const times = fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 })).map(([hour, minute]) => `${two(hour)}:${two(minute)}`);
    const hours = fc.record({ from: times, to: times, timezone: fc.constantFrom('UTC', 'Europe/Vienna', 'America/New_York', 'Asia/Kathmandu') });
    const route = fc.record({
      automations: fc.option(fc.constant(['refund']), { nil: undefined }), risk_tiers: fc.option(fc.constantFrom(['none'], ['internal_write']), { nil: undefined }), hours: fc.option(hours, { nil: undefined }),
      mode: fc.constantFrom('card', 'direct', 'digest', 'none'), recipient: fc.option(fc.constantFrom('C2', 'C3'), { nil: undefined }), digest_minutes: fc.integer({ min: 1, max: 1440 }),
    });
    const channels = fc.uniqueArray(
      fc.record({ id: fc.constantFrom('a', 'b', 'c'), status: fc.constantFrom('enabled' as const, 'disabled' as const), routes: fc.array(route, { maxLength: 4 }), quiet: fc.option(hours, { nil: undefined }) }),
      { selector: ({ id }) => id },
    );
    fc.assert(fc.property(channels, fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 }), fc.constantFrom(undefined, 'internal_write'), (setups, at_ms, risk_tier) => {
      const installed = setups.map(({ id, status, routes, quiet }) => channelOf({ id, status, users: [{ user_id: 'U1', departments: [], person: 'ada' }], settings: { routes, ...(quiet === undefined ? {} : { quiet_hours: { hours: quiet } }) } }));
      const facts = gate({ ...(risk_tier === undefined ? {} : { risk_tier }), approvers: [{ kind: 'person', id: 'ada' }] });
      const destinations = routeGate(facts, installed, at_ms);
      expect(new Set(destinations.map(({ channel_id, recipient }) => `${channel_id}/${recipient}`)).size).toBe(destinations.length);
      for (const { channel_id, not_before_ms } of destinations) {
        expect(installed.find(({ channel }) => channel.channel_id === channel_id)?.status).toBe('enabled');
        if (not_before_ms !== undefined) expect(not_before_ms).toBeGreaterThan(at_ms);
      }
      for (const { status, channel } of installed) {
        if (status === 'enabled' && channel.settings.routes.length === 0) expect(destinations.some(({ channel_id }) => channel_id === channel.channel_id)).toBe(true);
      }
      expect(routeGate(facts, installed, at_ms)).toEqual(destinations);
    }), { numRuns: 300 });
  });
});
