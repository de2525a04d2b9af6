/** A message as the double keeps it. `user` sees it alone when `only_for` says so. */
export interface SlackStoredMessage {
  readonly channel: string;
  readonly ts: string;
  readonly thread_ts?: string;
  readonly broadcast: boolean;
  /** Who wrote it: the app, or a person. */
  readonly author: string;
  text: string;
  blocks: readonly unknown[];
  metadata?: { readonly event_type: string; readonly event_payload: Readonly<Record<string, unknown>> };
  edits: number;
  deleted: boolean;
}

export interface SlackConversation {
  readonly id: string;
  readonly name: string;
  /** Whether the app is in it. */
  readonly isMember: boolean;
  readonly isArchived: boolean;
  /** Direct messages with this person. */
  readonly with?: string;
}

export interface SlackPerson {
  readonly id: string;
  readonly name: string;
  /** Default: the double's own workspace. */
  readonly team?: string;
}

/** What only one person sees. */
export interface SlackWhisper {
  readonly user: string;
  readonly channel: string;
  readonly text: string;
}

export interface SlackModal {
  readonly id: string;
  readonly user: string;
  view: Readonly<Record<string, unknown>>;
  errors: Readonly<Record<string, string>>;
}

/** What a workspace holds. Times are given, so that nothing depends on the clock. */
export class SlackStore {
  readonly conversations = new Map<string, SlackConversation>();
  readonly people = new Map<string, SlackPerson>();
  readonly messages: SlackStoredMessage[] = [];
  readonly whispers: SlackWhisper[] = [];
  readonly modals = new Map<string, SlackModal>();
  readonly #triggers = new Map<string, { readonly user: string; readonly at_ms: number; used: boolean }>();
  readonly #hooks = new Map<string, { readonly user: string; readonly message?: SlackStoredMessage; readonly at_ms: number; uses: number }>();
  #count = 0;

  /** A number that no other thing here has. */
  next(): number {
    return (this.#count += 1);
  }

  /** A time stamp of Slack: seconds, and a fraction that makes it unique. */
  stamp(nowMs: number): string {
    return `${Math.floor(nowMs / 1000)}.${String(this.next()).padStart(6, '0')}`;
  }

  find(channel: string, ts: string): SlackStoredMessage | undefined {
    return this.messages.find((message) => message.channel === channel && message.ts === ts && !message.deleted);
  }

  trigger(user: string, nowMs: number): string {
    const id = `trigger.${this.next()}`;
    this.#triggers.set(id, { user, at_ms: nowMs, used: false });
    return id;
  }

  /** Takes a trigger; its user, or Slack's code for why not. A trigger is good for 3 s and once. */
  takeTrigger(id: unknown, nowMs: number): { readonly user: string } | { readonly error: string } {
    const trigger = this.#triggers.get(String(id));
    if (trigger === undefined) return { error: 'invalid_trigger_id' };
    if (trigger.used) return { error: 'exchanged_trigger_id' };
    if (nowMs - trigger.at_ms > 3_000) return { error: 'expired_trigger_id' };
    trigger.used = true;
    return { user: trigger.user };
  }

  hook(user: string, message: SlackStoredMessage | undefined, nowMs: number): string {
    const id = `hook-${this.next()}`;
    this.#hooks.set(id, { user, at_ms: nowMs, uses: 0, ...(message === undefined ? {} : { message }) });
    return id;
  }

  /** An address for answers is good for 30 minutes and five answers. */
  takeHook(id: string, nowMs: number): { readonly user: string; readonly message?: SlackStoredMessage } | undefined {
    const hook = this.#hooks.get(id);
    if (hook === undefined || hook.uses >= 5 || nowMs - hook.at_ms > 30 * 60_000) return undefined;
    hook.uses += 1;
    return hook;
  }
}
