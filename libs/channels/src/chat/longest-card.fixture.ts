import { openedCard } from '@cs/notification';

const [run_id, node_id] = ['r'.repeat(128), 'n'.repeat(64)];

/** The card of a gate whose run, node and automation have the longest ids that there are. */
export const longestCard = openedCard(
  { org_id: 'o'.repeat(64), workspace_id: 'w'.repeat(64), run_id, automation_id: 'a'.repeat(64), public_url: 'https://countersign.example.com' },
  {
    node_id, gate_opening_id: `automation_v2:${run_id}:${node_id}:999`, approval_request_id: `automation_v2:${run_id}:${node_id}`, wait_id: 'w', transition_id: 't', title: 'Refund 129.00 EUR',
    decisions: ['approve', 'rework', 'cancel'], rework_targets: [], requested_at_ms: 1, upstream_node_ids: [],
  },
);
