import type { Provider } from '@nestjs/common';
import type { CompensationOptions, DefinitionLibrary } from '@cs/automation-application';
import type { Eventing } from '@cs/eventing';
import { EVENTING, type RunSignals } from '@cs/jetstream';
import { randomId } from '@cs/platform';
import type { OutboundHttp } from '@cs/outbound-http';
import { OutboundHttpStepRunner, type JsonataEvaluator } from '@cs/step-runners';
import { hostname } from 'node:os';
import { readSecrets, runnerEnvironment } from './config.js';
import { COMPENSATION_OPTIONS, DEFINITIONS, EVALUATOR, OUTBOUND, RUN_SIGNALS } from './tokens.js';

/** What executes compensations: the same requests, secrets and limits as the steps of runs have. */
export const compensationProvider: Provider = {
  provide: COMPENSATION_OPTIONS, inject: [EVENTING, DEFINITIONS, EVALUATOR, OUTBOUND, RUN_SIGNALS],
  useFactory: (...[eventing, definitions, evaluator, outbound, changes]: [Eventing, DefinitionLibrary, JsonataEvaluator, OutboundHttp, RunSignals]): CompensationOptions => ({
    eventing, definitions, evaluator, changes, secrets: readSecrets(runnerEnvironment()), http: new OutboundHttpStepRunner(outbound), claimantId: `${hostname()}-${process.pid}`, newId: randomId,
  }),
};
