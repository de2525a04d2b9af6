import type { ChannelKind } from '@cs/notification';
import type { PlatformParts } from '../platform-parts.js';
import { directProblems } from '../settings-check.js';
import { TeamsChannel } from './teams-channel.adapter.js';

/** Microsoft Teams: one workflow, which posts in one place. */
export const teamsKind = ({ http }: Pick<PlatformParts, 'http'>): ChannelKind => ({
  kind: 'teams',
  secrets: [{ role: 'workflow_url', required: true }],
  check: directProblems,
  create: ({ secrets: { workflow_url: workflowUrl = '' } }) => new TeamsChannel({ http, workflowUrl }),
});
