/** A codicon. It says nothing to screen readers: the control that it is in has a name. */
export function Icon({ name }: { name: string }) {
  return <span className={`codicon codicon-${name}`} aria-hidden="true" />;
}
