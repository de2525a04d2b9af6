import { Controller, Inject } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import * as handlers from '@cs/automation-application';
import { audited, consequential, type Attempt, type DenialOptions, type OperatedRun, type OperatedTask, type OperatorOptions, type RepairedRun } from '@cs/automation-application';
import {
  cancelRun, continueTask, pauseRun, previewReset, reconcileEffect, recoverRun, repairRun, requeueTask, resumeRun, retryTask, setDisposition,
  type OperatedRunReply, type CallContext, type OperatedTaskReply, type ResetPreview, type RpcReply,
} from '@cs/contracts';
import type { Result } from '@cs/kernel';
import { answerRpc, LOGGER, type Logger } from '@cs/platform';
import { OPERATOR_OPTIONS } from './tokens.js';

const operated = (result: Result<OperatedRun>, extra: (done: OperatedRun) => Partial<OperatedRunReply> = () => ({})): RpcReply<OperatedRunReply> =>
  result.ok ? { ok: true, value: { run: result.value.run, ...extra(result.value) }, position: result.value.position } : result;

const reset = (result: Result<OperatedTask | RepairedRun>): RpcReply<OperatedTaskReply> => {
  if (!result.ok) return result;
  const { events: _events, position, ...value } = result.value;
  return { ok: true, value, position };
};

/** A cancellation without an event that the run does not remember either found it at its end. */
const ended = ({ events, run }: OperatedRun, command_id: string | undefined): Partial<OperatedRunReply> =>
  events.length === 0 && run.operator_commands?.some((command) => command.command_id === command_id) !== true ? { already_terminal: true } : {};

const attempt = (action: string, { run_id }: { readonly run_id: string }): Attempt => ({ action, resource_kind: 'run', resource_id: run_id });

/** What operators do to runs. */
@Controller()
export class OperatorController {
  readonly #answers;

  constructor(@Inject(OPERATOR_OPTIONS) options: OperatorOptions & DenialOptions, @Inject(LOGGER) logger: Logger) {
    const audit = async <Value>(context: CallContext, tried: Attempt, command: Promise<Result<Value>>): Promise<Result<Value>> => audited(options, context, { attempt: tried, result: await command });
    this.#answers = {
      pause: answerRpc(pauseRun, logger, async (payload, context) => operated(await audit(context, attempt('pause', payload), handlers.pauseRun(options, context, payload)))),
      resume: answerRpc(resumeRun, logger, async (payload, context) => operated(await audit(context, attempt('resume', payload), handlers.resumeRun(options, context, payload)))),
      cancel: answerRpc(cancelRun, logger, async (payload, context) => operated(await audit(context, attempt('cancel', payload), handlers.cancelRun(options, context, payload)), (done) => ended(done, payload.command_id))),
      recover: answerRpc(recoverRun, logger, async (payload, context) => operated(await audit(context, attempt('recover', payload), handlers.recoverRun(options, context, payload)))),
      repair: answerRpc(repairRun, logger, async (payload, context) => reset(await consequential(options, context, { attempt: attempt('repair', payload), command: () => handlers.repairRun(options, context, payload) }))),
      retry: answerRpc(retryTask, logger, async (payload, context) => reset(await audit(context, attempt('retry', payload), handlers.retryTask(options, context, payload)))),
      requeue: answerRpc(requeueTask, logger, async (payload, context) => reset(await audit(context, attempt('requeue', payload), handlers.requeueTask(options, context, payload)))),
      continue: answerRpc(continueTask, logger, async (payload, context) => reset(await audit(context, attempt('continue', payload), handlers.continueTask(options, context, payload)))),
      preview: answerRpc(previewReset, logger, async (payload, context): Promise<RpcReply<ResetPreview>> => await handlers.previewReset(options, context, payload)),
      judge: answerRpc(setDisposition, logger, async (payload, context) => operated(await audit(context, attempt('judge', payload), handlers.setDisposition(options, context, payload)), ({ events }) => ({ changed: events.length > 0 }))),
      reconcile: answerRpc(reconcileEffect, logger, async (payload, context) => operated(await consequential(options, context, { attempt: attempt('reconcile', payload), command: () => handlers.reconcileEffect(options, context, payload) }))),
    };
  }

  @MessagePattern(pauseRun.subject)
  pause(raw: unknown): Promise<RpcReply<OperatedRunReply>> {
    return this.#answers.pause(raw);
  }

  @MessagePattern(resumeRun.subject)
  resume(raw: unknown): Promise<RpcReply<OperatedRunReply>> {
    return this.#answers.resume(raw);
  }

  @MessagePattern(cancelRun.subject)
  cancel(raw: unknown): Promise<RpcReply<OperatedRunReply>> {
    return this.#answers.cancel(raw);
  }

  @MessagePattern(recoverRun.subject)
  recover(raw: unknown): Promise<RpcReply<OperatedRunReply>> {
    return this.#answers.recover(raw);
  }

  @MessagePattern(repairRun.subject)
  repair(raw: unknown): Promise<RpcReply<OperatedTaskReply>> {
    return this.#answers.repair(raw);
  }

  @MessagePattern(retryTask.subject)
  retry(raw: unknown): Promise<RpcReply<OperatedTaskReply>> {
    return this.#answers.retry(raw);
  }

  @MessagePattern(requeueTask.subject)
  requeue(raw: unknown): Promise<RpcReply<OperatedTaskReply>> {
    return this.#answers.requeue(raw);
  }

  @MessagePattern(continueTask.subject)
  continue(raw: unknown): Promise<RpcReply<OperatedTaskReply>> {
    return this.#answers.continue(raw);
  }

  @MessagePattern(previewReset.subject)
  preview(raw: unknown): Promise<RpcReply<ResetPreview>> {
    return this.#answers.preview(raw);
  }

  @MessagePattern(setDisposition.subject)
  judge(raw: unknown): Promise<RpcReply<OperatedRunReply>> {
    return this.#answers.judge(raw);
  }

  @MessagePattern(reconcileEffect.subject)
  reconcile(raw: unknown): Promise<RpcReply<OperatedRunReply>> {
    return this.#answers.reconcile(raw);
  }
}
