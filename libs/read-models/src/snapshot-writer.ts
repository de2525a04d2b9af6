import type { PhaseTransition, Run } from '@cs/contracts';
import type { Digest } from '@cs/eventing';
import { JsonText, jsonArrayText } from '@cs/kernel';
import { CheckpointWriter } from './checkpoint-summary.js';
import { describeSnapshot, shownTransitions, type WrittenSnapshot } from './run-snapshots.js';
import type { SnapshotEvent, SnapshotTransition } from './snapshot-queries.port.js';
import type { TenantKey } from './tenant-key.js';

export interface SnapshotWriterOptions {
  readonly tenant: TenantKey;
  /** Steps of the phase, in ascending `seq`, those before the first snapshot among them. */
  readonly transitions: readonly SnapshotTransition[];
  readonly digest: Digest;
}

/** Writes snapshots of one run, in ascending `seq`: the same as writing each `toSnapshot`, but what they share is written once. */
export class SnapshotWriter {
  readonly #tenant: TenantKey;
  readonly #digest: Digest;
  readonly #checkpoints = new CheckpointWriter();
  readonly #steps: readonly { readonly seq: number; readonly json: JsonText<PhaseTransition> }[];
  #history = { steps: 0, text: '[]' };

  constructor({ tenant, transitions, digest }: SnapshotWriterOptions) {
    this.#tenant = tenant;
    this.#digest = digest;
    this.#steps = transitions.map(({ seq, ...step }) => ({ seq, json: new JsonText(JSON.stringify(step)) }));
  }

  write(event: SnapshotEvent, run: Run): WrittenSnapshot {
    const checkpoint = this.#checkpoints.write(run);
    const described = describeSnapshot({ tenant: this.#tenant, run, event });
    const documents = `"phase_history":${this.#historyAt(event.seq)},"checkpoint":${checkpoint},"payload_digest":"sha256:${this.#digest(checkpoint)}"`;
    const { snapshot_id, seq, status, phase, created_at_ms } = described;
    return { snapshot_id, seq, status, phase, created_at_ms, json: new JsonText(`${JSON.stringify(described).slice(0, -1)},${documents}}`) };
  }

  /** The steps up to an event that comes after the one before. */
  #historyAt(seq: number): string {
    let { steps } = this.#history;
    while ((this.#steps[steps]?.seq ?? Infinity) <= seq) steps += 1;
    if (steps !== this.#history.steps) this.#history = { steps, text: jsonArrayText(this.#steps.slice(Math.max(0, steps - shownTransitions), steps).map(({ json }) => json)) };
    return this.#history.text;
  }
}
