import type { Approver, ChannelRoute, ChannelUser, Destination, PendingGate } from '@cs/contracts';
import type { InstalledChannel } from './channel.state.js';
import { endOf, isWithin } from './hours.js';

/** What rules look at. */
export interface GateFacts extends Pick<PendingGate, 'risk_tier' | 'data_classes' | 'approvers'> {
  readonly automation_id: string;
}

const minuteMs = 60_000;

const includes = <Value>(list: readonly Value[] | undefined, values: readonly Value[]): boolean => list === undefined || values.some((value) => list.includes(value));

const takes = (route: ChannelRoute, gate: GateFacts, at_ms: number): boolean =>
  includes(route.automations, [gate.automation_id])
  && includes<string>(route.risk_tiers, [gate.risk_tier ?? 'none'])
  && includes(route.data_classes, gate.data_classes ?? [])
  && (route.hours === undefined || isWithin(route.hours, at_ms));

const everyGate: Pick<ChannelRoute, 'mode' | 'recipient' | 'digest_minutes'> = { mode: 'card', digest_minutes: 60 };

const lower = (text: string): string => text.trim().toLowerCase();

const usersOf = (approvers: readonly Approver[] = [], users: readonly ChannelUser[]): readonly string[] => {
  const persons = new Set(approvers.filter(({ kind }) => kind === 'person').map(({ id }) => lower(id)));
  return users.filter(({ person }) => person !== undefined && persons.has(lower(person))).map(({ user_id }) => `user:${user_id}`);
};

/** The first moment after `at_ms` that is a multiple of `minutes` from midnight UTC. */
const nextDigest = (minutes: number, at_ms: number): number => (Math.floor(at_ms / (minutes * minuteMs)) + 1) * minutes * minuteMs;

const quietUntil = ({ channel: { settings } }: InstalledChannel, { risk_tier }: GateFacts, at_ms: number): number | undefined => {
  const { quiet_hours } = settings;
  const isExcepted = risk_tier !== undefined && quiet_hours?.except_risk_tiers.some((tier) => tier === risk_tier) === true;
  if (quiet_hours === undefined || isExcepted || !isWithin(quiet_hours.hours, at_ms)) return undefined;
  return endOf(quiet_hours.hours, at_ms);
};

// eslint-disable-next-line complexity -- the modes of a route beside one another
const routeOn = (installed: InstalledChannel, gate: GateFacts, at_ms: number): readonly Destination[] => {
  const { channel_id, kind, settings } = installed.channel;
  const route = settings.routes.length === 0 ? everyGate : settings.routes.find((candidate) => takes(candidate, gate, at_ms));
  if (route === undefined || route.mode === 'none') return [];
  const place = { channel_id, kind, recipient: route.recipient ?? settings.recipient };
  if (route.mode === 'digest') return [{ ...place, mode: 'digest', not_before_ms: nextDigest(route.digest_minutes, quietUntil(installed, gate, at_ms) ?? at_ms) }];
  const until = quietUntil(installed, gate, at_ms);
  const card = { ...place, mode: 'card', ...(until === undefined ? {} : { not_before_ms: until }) } as const;
  const direct = route.mode === 'direct' ? usersOf(gate.approvers, installed.users) : [];
  return direct.length === 0 ? [card] : direct.map((recipient) => ({ ...card, recipient }));
};

/**
 * Where a gate that opens is asked about. A channel without routes takes every gate; else its first route that
 * fits counts, and none means that it is not told there. Each place comes once.
 */
export const routeGate = (gate: GateFacts, channels: readonly InstalledChannel[], at_ms: number): readonly Destination[] =>
  channels.filter(({ status }) => status === 'enabled').flatMap((installed) => routeOn(installed, gate, at_ms));

/** Where else an escalation goes during quiet hours. */
export const escalationDestinations = (channels: readonly InstalledChannel[], asked: readonly Destination[], at_ms: number): readonly Destination[] =>
  channels.flatMap(({ status, channel: { channel_id, kind, settings } }) => {
    const { quiet_hours } = settings;
    const recipient = quiet_hours?.escalate_to;
    const concerns = asked.some((destination) => destination.channel_id === channel_id);
    if (status !== 'enabled' || recipient === undefined || quiet_hours === undefined || !concerns || !isWithin(quiet_hours.hours, at_ms)) return [];
    const isAsked = asked.some((destination) => destination.channel_id === channel_id && destination.recipient === recipient && destination.mode === 'card');
    return isAsked ? [] : [{ channel_id, kind, recipient, mode: 'card' as const }];
  });
