import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  // Null in the rows of an earlier release, until the projections are built again.
  `alter table countersign.run_events add column phase_transition text`,
  // A run of ten thousand events has a few hundred steps: a snapshot finds the newest without reading the events between.
  `create index run_events_phases on countersign.run_events (org_id, workspace_id, run_id, seq) where phase_transition is not null`,
];

/** Steps of a run from one phase to another, on the events that they were. */
export class PhaseTransitions1787000400000 implements MigrationInterface {
  readonly name = 'PhaseTransitions1787000400000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index countersign.run_events_phases');
    await runner.query('alter table countersign.run_events drop column phase_transition');
  }
}
