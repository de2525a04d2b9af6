import { gateDecisionSchema, requestIdSchema, runIdSchema } from '@cs/contracts';
import { z } from 'zod';
import { booleanText, wordText } from './query.schema.js';
import { defineRoute } from './route.js';

const page = { tag: 'pages', access: 'page', errors: [] } as const;
const document = { ...page, kind: 'document', answer: { description: 'The page', mediaType: 'text/html' } } as const;
const form = <Schema extends z.ZodObject>(schema: Schema) => ({ schema, mediaTypes: ['application/x-www-form-urlencoded'], required: true }) as const;
const opening = z.object({ gate_opening_id: z.string().min(1).max(400) });

export const inboxPage = defineRoute({
  ...document, operationId: 'inboxPage', method: 'GET', path: '/inbox', summary: 'What waits for the visitor\'s decision or answer, as a page',
  query: z.strictObject({ all: booleanText.optional().describe('true: everything that is open'), cursor: wordText(600).optional().describe('Of older gates'), questions: wordText(1000).optional().describe('Cursor of older questions') }),
});

export const approvalPage = defineRoute({
  ...document, operationId: 'approvalPage', method: 'GET', path: '/inbox/{gate_opening_id}', summary: 'One opening of a gate, with the form that decides it, as a page',
  description: 'Links in messages lead here. Looking at it decides nothing, however often and by whomever.',
  params: opening,
});

export const decideOnPage = defineRoute({
  ...document, operationId: 'decideOnPage', method: 'POST', path: '/inbox/{gate_opening_id}', summary: 'Decide a gate by the form of its page',
  description: 'Takes the form of a page of this server only, made for this visitor and this opening at most two hours ago. The same form sent twice is one decision. Redirects to the page.',
  params: opening,
  body: form(z.strictObject({ token: z.string().max(200), decision: gateDecisionSchema, reason: z.string().max(4000).default('') })),
  answer: { description: 'The page, with why nothing was decided; 303 to the page when it was', mediaType: 'text/html' },
});

const requested = z.object({ request_id: requestIdSchema });

export const questionPage = defineRoute({
  ...document, operationId: 'questionPage', method: 'GET', path: '/inbox/requests/{request_id}', summary: 'One question of a run, with the form that answers it, as a page',
  description: 'Links in messages lead here. Looking at it answers nothing, however often and by whomever.',
  params: requested,
});

export const answerOnPage = defineRoute({
  ...document, operationId: 'answerOnPage', method: 'POST', path: '/inbox/requests/{request_id}', summary: 'Answer a question by the form of its page',
  description: 'Takes the form of a page of this server only, made for this visitor and this question at most two hours ago. The same form sent twice is one answer. Redirects to the page.',
  params: requested,
  body: form(z.object({ token: z.string().max(200), reason: z.string().max(4000).default('') }).catchall(z.string().max(65_536).describe('What was filled in, as the form of the page names it'))),
  answer: { description: 'The page, with why nothing was answered; 303 to the page when it was', mediaType: 'text/html' },
});

export const runPage = defineRoute({
  ...document, operationId: 'runPage', method: 'GET', path: '/inbox/runs/{run_id}', summary: 'Where a run stands, what it waits for and what happened, as a page',
  description: 'Links in messages lead here. Shows what `GET /stateful-runtime/runs/{run_id}/observability` says, to whoever may read that; changes nothing.',
  params: z.object({ run_id: runIdSchema }),
});

export const signIn = defineRoute({
  ...document, operationId: 'signIn', method: 'POST', path: '/inbox/session', summary: 'Begin a session of the pages with an API key or an assertion',
  body: form(z.strictObject({ credential: z.string().min(1).max(16_384), to: z.string().max(1400).default('/inbox') })),
  answer: { description: 'The form again; 303 to the page when the credential is good', mediaType: 'text/html' },
});

export const signOut = defineRoute({
  ...document, operationId: 'signOut', method: 'POST', path: '/inbox/session/end', summary: 'End the session of the pages',
  answer: { description: '303 to the inbox', mediaType: 'text/html' },
});

export const pageAsset = defineRoute({
  ...document, access: 'public', operationId: 'pageAsset', method: 'GET', path: '/inbox/assets/inbox.css', summary: 'The style of the pages',
  answer: { description: 'The style', mediaType: 'text/css' },
});
