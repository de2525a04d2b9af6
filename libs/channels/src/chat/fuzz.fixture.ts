import type { InboundCall, InteractiveChannel, Received } from '@cs/notification';
import { Mutations } from '@cs/testing/doubles';

const rounds = Number(process.env['FUZZ_CALLBACKS'] ?? 2_000);
const seed = Number(process.env['FUZZ_SEED'] ?? 20_261_127);
export const nowMs = 1_795_774_380_000;

export interface Fuzzed {
  readonly platform: string;
  readonly channel: InteractiveChannel;
  /** Callbacks as the platform sends them. */
  readonly valid: readonly [unknown, ...unknown[]];
  readonly signed: (body: Buffer) => InboundCall;
  /** Makes a signed call one that is not. */
  readonly breaks: readonly [(call: InboundCall, mutations: Mutations) => InboundCall, ...((call: InboundCall, mutations: Mutations) => InboundCall)[]];
}

const expectInteraction = (received: Extract<Received, { kind: 'interaction' }>): void => {
  const { action, interaction_key, user } = received.interaction;
  expect(interaction_key).toMatch(/^-?\d{1,20}$/);
  expect(user.user_id).toMatch(/^-?\d{1,20}$/);
  if (action.kind === 'enrol') expect(action.code).toMatch(/^[A-Z0-9]{8}$/);
  else expect([action.decision, action.token]).toEqual([expect.stringMatching(/^(approve|rework|cancel)$/), expect.stringMatching(/^[0-9a-f]{32}$/)]);
  if (action.kind === 'reason') expect(action.reason.trim()).not.toBe('');
};

const expectAllowed = (received: Received, isSigned: boolean): void => {
  if (!isSigned) expect(received).toMatchObject({ kind: 'refused', status: 401 });
  if (received.kind === 'refused') expect([400, 401]).toContain(received.status);
  if (received.kind === 'answered') expect([received.answer.status, typeof JSON.parse(received.answer.body)]).toEqual([200, 'object']);
  if (received.kind === 'interaction') expectInteraction(received);
};

/** Sends mutated callbacks: nothing throws, nothing becomes an interaction that is not signed, and every kind of outcome comes up. */
export const fuzzCallbacks = ({ platform, channel, valid, signed, breaks }: Fuzzed): void => {
  it(`${rounds} mutated callbacks of ${platform}, seed ${seed}: none throws, and none is an interaction that is not signed`, async () => {
    const mutations = new Mutations(seed);
    const counts = { interaction: 0, answered: 0, refused: 0 };
    for (let round = 0; round < rounds; round += 1) {
      const call = signed(mutations.body(mutations.oneOf(valid)));
      const isSigned = mutations.chance(0.6);
      const received = await channel.receive(isSigned ? call : mutations.oneOf(breaks)(mutations.chance(0.5) ? call : signed(Buffer.from(JSON.stringify(mutations.oneOf(valid)))), mutations));
      expectAllowed(received, isSigned);
      if (isSigned) counts[received.kind] += 1;
    }
    console.info(`fuzz of ${platform}: seed ${seed}, signed ones were ${JSON.stringify(counts)}`);
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(0);
  }, 900_000);
};
