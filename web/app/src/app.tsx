// The page: who is signed in decides what there is.

import { CSPProvider } from "@base-ui/react/csp-provider";
import { Client, type Session } from "@convene/client";
import { useEffect, useState, useSyncExternalStore } from "react";
import { ClientContext } from "./context.ts";
import { useRoute } from "./route.ts";
import { Accept } from "./screens/accept.tsx";
import { PlanFrame } from "./screens/frame.tsx";
import { Plans } from "./screens/plans.tsx";
import { PasswordAgain, SignIn } from "./screens/sign-in.tsx";
import { Toasts } from "./ui/toasts.tsx";

export function App({ session }: { session: Session }) {
    const state = useSyncExternalStore(
        (listener) => session.onChange(listener),
        () => session.state,
    );
    const user = state.is === "out" ? undefined : state.user;
    const [client, setClient] = useState<Client>();
    const { parts } = useRoute();
    // One connection for each account, however often its tokens change.
    const id = user?.id;
    // biome-ignore lint/correctness/useExhaustiveDependencies: the same account is the same connection
    useEffect(() => {
        if (!user) return undefined;
        const made = new Client(session, user);
        setClient(made);
        return () => {
            setClient(undefined);
            made.destroy();
        };
    }, [session, id]);
    const code = parts[0] === "invite" ? parts[1] : undefined;
    return (
        <CSPProvider disableStyleElements>
            {!user ? (
                <SignIn session={session} invited={code !== undefined} />
            ) : client ? (
                <ClientContext.Provider value={client}>
                    {code ? (
                        <Accept code={code} />
                    ) : parts[0] === "p" && parts[1] ? (
                        <PlanFrame key={parts[1]} id={parts[1]} />
                    ) : (
                        <Plans />
                    )}
                    <PasswordAgain session={session} />
                </ClientContext.Provider>
            ) : null}
            <Toasts />
        </CSPProvider>
    );
}
