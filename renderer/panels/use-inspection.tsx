import type { ReactNode } from 'react';
import type { Inspection } from '../../app/service/contract/inspection.ts';
import { useSelector } from '../state/workbench.ts';

/** The kernel at the cursor, or why there is nothing to show. */
export function WithInspection({ show }: { show: (inspection: Inspection) => ReactNode }) {
  const inspection = useSelector((state) => state.inspection?.value ?? null);
  const run = useSelector(({ activeRun, runs }) => (activeRun === null ? undefined : runs.get(activeRun)));
  if (inspection !== null) return show(inspection);
  if (run?.state === 'done' && run.summary.steps === null) {
    return (
      <div className="empty">A trace from a file has no kernel behind it: only runs can be looked into.</div>
    );
  }
  return (
    <div className="empty">
      {run === undefined
        ? 'Run a scenario to look into its kernel.'
        : 'The kernel is being put at the cursor …'}
    </div>
  );
}
