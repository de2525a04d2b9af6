import type { Channel, Problem } from '@cs/contracts';

type Settings = Channel['settings'];

const recipientsOf = ({ recipient, routes, quiet_hours, run_notices }: Settings): readonly (readonly [string, string | undefined])[] => [
  ['recipient', recipient], ...routes.map((route, index) => [`routes[${index}].recipient`, route.recipient] as const),
  ['quiet_hours.escalate_to', quiet_hours?.escalate_to], ['run_notices.recipient', run_notices.recipient],
];

/** What is wrong with the places where a channel tells things, wherever its settings name one. */
export const recipientProblems = (settings: Settings, isRecipient: (text: string) => boolean, problem: Pick<Problem, 'code' | 'message'>): readonly Problem[] =>
  recipientsOf(settings).flatMap(([path, recipient]) => (recipient === undefined || isRecipient(recipient) ? [] : [{ path, ...problem }]));

/** For platforms that know no persons: a route to persons would always go to the recipient. */
export const directProblems = ({ routes }: Settings): readonly Problem[] =>
  routes.flatMap(({ mode }, index) => (mode === 'direct' ? [{ path: `routes[${index}].mode`, code: 'no_persons', message: 'nobody can be asked directly on channels of this kind: use card with a recipient' }] : []));
