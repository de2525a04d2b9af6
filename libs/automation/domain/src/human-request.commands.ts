import type { AnswerConversion, EscalationRequest, GovernanceActor, OperatorCommand, QuestionRequest } from '@cs/contracts';
import type { Json, Refusal } from '@cs/kernel';

/** What a step asks a person for, with its expressions resolved. */
export interface RequestToOpen {
  readonly request: QuestionRequest | Omit<EscalationRequest, 'asked' | 'declined'>;
  /** Time until its deadline, in ms; absent means for ever. */
  readonly expires_after_ms?: number | undefined;
  readonly remind_every_ms?: number | undefined;
}

/** The attempt that runs waits from now on for a person. */
export interface AskPerson extends RequestToOpen {
  readonly type: 'ask_person';
  readonly node_id: string;
  readonly item?: number | undefined;
  readonly attempt: number;
}

interface Response {
  readonly request_id: string;
  /** One per call, so that no two commits of racing responders are the same. */
  readonly response_id?: string | undefined;
  readonly reason?: string | undefined;
  /** As the gateway verified it. */
  readonly responded_by: GovernanceActor;
  /** The same command again changes nothing. */
  readonly command?: OperatorCommand | undefined;
}

/** A person answers a question. The answer fits its schema already. */
export interface AnswerQuestion extends Response { readonly type: 'answer_question'; readonly answer: Json; readonly conversion: AnswerConversion }

/** A person takes an escalation on, or does not. */
export interface RespondEscalation extends Response {
  readonly type: 'respond_escalation';
  readonly accepted: boolean;
  /** One spelling per person. */
  readonly responder: string;
  /** Role by which the person was asked. */
  readonly role: string;
}

/** Why a response is not taken. */
export type HumanRequestRefusal = Refusal<
  'AUTOMATION_V2_HUMAN_REQUEST_NOT_FOUND' | 'AUTOMATION_V2_HUMAN_REQUEST_NOT_PENDING' | 'AUTOMATION_V2_HUMAN_REQUEST_EXPIRED' | 'IDEMPOTENCY_KEY_REUSED'
>;
