// What is shown instead of a part of the page that failed; the rest goes on.

import { Component, type ReactNode } from "react";

export class Broken extends Component<{ children: ReactNode }, { error?: Error | undefined }> {
    override state: { error?: Error | undefined } = {};

    static getDerivedStateFromError(error: Error): { error: Error } {
        return { error };
    }

    override render(): ReactNode {
        const { error } = this.state;
        if (!error) return this.props.children;
        return (
            <div className="page narrow" role="alert">
                <h1>This part of the page failed</h1>
                <p>
                    The plan itself is not harmed, and what you typed is kept. It is a mistake of the page: please tell
                    who runs this server.
                </p>
                <p className="notice warn">{error.message}</p>
                <p>
                    <button
                        type="button"
                        className="button primary"
                        onClick={() => this.setState({ error: undefined })}
                    >
                        Try again
                    </button>
                </p>
            </div>
        );
    }
}
