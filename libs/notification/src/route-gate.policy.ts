import type { Approver, Channel, ChannelRoute, ChannelUser, Destination, PendingGate } from '@cs/contracts';
import type { InstalledChannel } from './channel.state.js';
import { endOf, isWithin } from './hours.js';

/** What rules look at. */
export interface GateFacts extends Pick<PendingGate, 'risk_tier' | 'data_classes' | 'approvers'> {
  readonly automation_id: string;
}

/** When a gate is asked about, and when it opened: hours of routes are about that. */
export interface Moment {
  readonly at_ms: number;
  readonly opened_at_ms: number;
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

/** When the quiet hours of a channel are over, if what has this risk waits for that. */
export const quietUntil = ({ settings }: Pick<Channel, 'settings'>, { risk_tier }: { readonly risk_tier?: string | undefined }, at_ms: number): number | undefined => {
  const { quiet_hours } = settings;
  const isExcepted = risk_tier !== undefined && quiet_hours?.except_risk_tiers.some((tier) => tier === risk_tier) === true;
  if (quiet_hours === undefined || isExcepted || !isWithin(quiet_hours.hours, at_ms)) return undefined;
  return endOf(quiet_hours.hours, at_ms);
};

// eslint-disable-next-line complexity -- the modes of a route beside one another
const routeOn = (installed: InstalledChannel, gate: GateFacts, { at_ms, opened_at_ms }: Moment): readonly Destination[] => {
  const { channel_id, kind, settings } = installed.channel;
  const route = settings.routes.length === 0 ? everyGate : settings.routes.find((candidate) => takes(candidate, gate, opened_at_ms));
  if (route === undefined || route.mode === 'none') return [];
  const place = { channel_id, kind, recipient: route.recipient ?? settings.recipient };
  if (route.mode === 'digest') return [{ ...place, mode: 'digest', not_before_ms: nextDigest(route.digest_minutes, quietUntil(installed.channel, gate, at_ms) ?? at_ms) }];
  const until = quietUntil(installed.channel, gate, at_ms);
  const card = { ...place, mode: 'card', ...(until === undefined ? {} : { not_before_ms: until }) } as const;
  if (route.mode === 'card') return [card];
  const direct = usersOf(gate.approvers, installed.users);
  return (direct.length === 0 ? [card.recipient] : direct).map((recipient) => ({ ...card, recipient, direct: true }));
};

/**
 * Where a gate that opens is asked about. A channel without routes takes every gate; else its first route that
 * fits counts, and none means that it is not told there. Each place comes once.
 */
export const routeGate = (gate: GateFacts, channels: readonly InstalledChannel[], moment: number | Moment): readonly Destination[] => {
  const at = typeof moment === 'number' ? { at_ms: moment, opened_at_ms: moment } : moment;
  return channels.filter(({ status }) => status === 'enabled').flatMap((installed) => routeOn(installed, gate, at));
};

export interface Escalation {
  readonly escalated_to: string;
  readonly at_ms: number;
}

const escalatedOn = ({ channel: { channel_id, kind, settings: { quiet_hours } }, users }: InstalledChannel, asked: readonly Destination[], { escalated_to, at_ms }: Escalation): readonly Destination[] => {
  const here = asked.filter((destination) => destination.channel_id === channel_id);
  if (here.length === 0) return [];
  const listed = here.filter(({ mode }) => mode === 'digest').map(({ recipient }) => recipient);
  const named = here.some(({ direct }) => direct === true) ? usersOf([{ kind: 'person', id: escalated_to }], users) : [];
  const ofTheNight = quiet_hours?.escalate_to !== undefined && isWithin(quiet_hours.hours, at_ms) ? [quiet_hours.escalate_to] : [];
  const recipients = [...new Set([...listed, ...named, ...ofTheNight])];
  return recipients.filter((recipient) => !here.some((destination) => destination.mode === 'card' && destination.recipient === recipient)).map((recipient) => ({ channel_id, kind, recipient, mode: 'card' }));
};

/**
 * Where else an escalation goes, of the channels that were asked: a gate that was only listed is asked where it was; where persons are
 * asked directly, whom it is escalated to is; and in quiet hours whoever has the night.
 */
export const escalationDestinations = (channels: readonly InstalledChannel[], asked: readonly Destination[], escalation: Escalation): readonly Destination[] =>
  channels.filter(({ status }) => status === 'enabled').flatMap((installed) => escalatedOn(installed, asked, escalation));
