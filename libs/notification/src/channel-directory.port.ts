import type { AggregateRef } from '@cs/contracts';
import type { InstalledChannel } from './channel.state.js';

/** The installations of a workspace, as of a moment ago. */
export interface ChannelDirectory {
  channelsOf(tenant: Pick<AggregateRef, 'org_id' | 'workspace_id'>): readonly InstalledChannel[];
}
