import { useSelector } from '../../state/workbench.ts';

export function About() {
  const host = useSelector((state) => state.host);
  return (
    <div className="prose">
      <p>
        Scythe{host.kind === 'open' && ` ${host.version}`}: a lab for the races between those who tear an
        address space down and those who still use it.
      </p>
      <p className="dim">
        The kernel is a model, written from what Linux does, function by function; it runs no kernel code. MIT
        licence. Icons: Codicons by Microsoft, CC BY 4.0.
      </p>
    </div>
  );
}
