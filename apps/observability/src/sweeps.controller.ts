import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { listChildWaits, listGovernedAutomations, listHeldRuns, listOrphanRuns, readRunHealth, type ReplyOf, type RpcReply } from '@cs/contracts';
import type { SweepQueries } from '@cs/read-models';
import type { Reads } from './reads.js';
import { READS, SWEEP_QUERIES } from './tokens.js';

/** What sweeps look for: what a lost message would have changed, and what time has. */
@Controller()
export class SweepsController {
  readonly #heldRuns;
  readonly #childWaits;
  readonly #orphanRuns;
  readonly #governedAutomations;
  readonly #runHealth;

  constructor(@Inject(READS) reads: Reads, @Inject(SWEEP_QUERIES) sweeps: SweepQueries) {
    this.#heldRuns = reads.answer(listHeldRuns, async (range) => ({ ok: true, value: await sweeps.heldRuns(range) }));
    this.#childWaits = reads.answer(listChildWaits, async (range) => ({ ok: true, value: await sweeps.childWaits(range) }));
    this.#orphanRuns = reads.answer(listOrphanRuns, async (range) => ({ ok: true, value: await sweeps.orphanRuns(range) }));
    this.#governedAutomations = reads.answer(listGovernedAutomations, async (range) => ({ ok: true, value: await sweeps.governedAutomations(range) }));
    this.#runHealth = reads.answer(readRunHealth, async (runs) => ({ ok: true, value: await sweeps.runHealth(runs) }));
  }

  @MessagePattern(listHeldRuns.subject)
  heldRuns(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listHeldRuns>>> {
    return this.#heldRuns(raw);
  }

  @MessagePattern(listChildWaits.subject)
  childWaits(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listChildWaits>>> {
    return this.#childWaits(raw);
  }

  @MessagePattern(listOrphanRuns.subject)
  orphanRuns(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listOrphanRuns>>> {
    return this.#orphanRuns(raw);
  }

  @MessagePattern(listGovernedAutomations.subject)
  governedAutomations(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listGovernedAutomations>>> {
    return this.#governedAutomations(raw);
  }

  @MessagePattern(readRunHealth.subject)
  runHealth(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof readRunHealth>>> {
    return this.#runHealth(raw);
  }
}
