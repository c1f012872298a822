import { useEffect, useRef } from 'react';
import { useSelector } from '../state/workbench.ts';
import { formatStamp } from '../widgets/format.ts';

/** What helps those who look on: a ring around the pointer, and the current step in words. */
export function Presenting() {
  const presenting = useSelector((state) => state.settings.presenting);
  return presenting ? (
    <>
      <PointerRing />
      <StepCaption />
    </>
  ) : null;
}

function PointerRing() {
  const ring = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const move = ({ clientX, clientY }: PointerEvent) => {
      ring.current?.style.setProperty('transform', `translate(${clientX}px, ${clientY}px)`);
    };
    window.addEventListener('pointermove', move, { passive: true });
    return () => window.removeEventListener('pointermove', move);
  }, []);
  return <div ref={ring} className="pointer-ring" aria-hidden="true" />;
}

function StepCaption() {
  const inspection = useSelector((state) => state.inspection?.value ?? null);
  if (inspection === null) return null;
  const task = inspection.tasks.find(({ id }) => id === inspection.lastTask);
  const where = task?.stack[0]?.function;
  return (
    <p className="step-caption" aria-hidden="true">
      <span className="mono">{formatStamp(inspection.nowNs).trim()} s</span>
      <strong>{inspection.last}</strong>
      {where !== undefined && <span>in {where}()</span>}
    </p>
  );
}
