import { Component, type ReactNode } from 'react';

interface Props {
  /** What would not be shown, to say which part has failed. */
  readonly what: string;
  readonly children: ReactNode;
}

/** Keeps a panel's failure to that panel: the others and what was typed stay. */
export class ErrorBoundary extends Component<Props, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <div className="empty" role="alert">
        <p className="bad">{this.props.what} could not be shown.</p>
        <pre>{error.message}</pre>
        <button onClick={() => this.setState({ error: null })}>Try again</button>
      </div>
    );
  }
}
