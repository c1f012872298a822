import { useEffect, useState } from 'react';

/** A number that changes with the theme: what is computed from colours is computed again. */
export function useThemeVersion(onTheme: (listener: () => void) => () => void): number {
  const [version, setVersion] = useState(0);
  useEffect(() => onTheme(() => setVersion((number) => number + 1)), [onTheme]);
  return version;
}
