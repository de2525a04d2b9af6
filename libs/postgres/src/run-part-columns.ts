import { schema as liveSchema } from './database.js';

export interface RunOfParts {
  readonly org_id: string;
  readonly workspace_id: string;
  readonly run_id: string;
  readonly parts_bytes: string;
}

/** A row of `runs`, by its name in the statement. */
export const rowOfRun = (name: string): RunOfParts => ({ org_id: `${name}.org_id`, workspace_id: `${name}.workspace_id`, run_id: `${name}.run_id`, parts_bytes: `${name}.parts_bytes` });

/** What stands beside the record of a run, by id, as one JSON object; null where nothing does. */
export const partTexts = ({ org_id, workspace_id, run_id, parts_bytes }: RunOfParts, schema: string = liveSchema): string =>
  `case when ${parts_bytes} > 0 then (
    select json_object_agg(p.part_id, p.body) from ${schema}.run_parts p where p.org_id = ${org_id} and p.workspace_id = ${workspace_id} and p.run_id = ${run_id}
  ) end as parts`;
