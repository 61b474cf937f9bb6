// Picks one of many by typing: a thing of a root, a zone, a currency.

import { Combobox } from "@base-ui/react/combobox";
import { Check, ChevronsUpDown } from "lucide-react";
import { useState } from "react";

export interface Choice {
    value: string;
    label: string;
}

/** Filtering shows no more than this at once; typing narrows it. */
const SHOWN_MAX = 80;

interface Props {
    label: string;
    choices: Choice[];
    value: string | null;
    onPick: (value: string | null) => void;
    placeholder?: string;
    disabled?: boolean;
    /** Opens at once, as in a cell that is being edited. */
    eager?: boolean;
    /** What was typed to open it. */
    typed?: string;
    /** It was left without a choice. */
    onLeave?: () => void;
    id?: string;
}

export function Picker(props: Props) {
    const { label, choices, value, onPick, placeholder, disabled, eager, typed, onLeave, id } = props;
    const [open, setOpen] = useState(eager ?? false);
    const chosen =
        value === null ? null : (choices.find((choice) => choice.value === value) ?? { value, label: value });
    return (
        <Combobox.Root
            items={choices}
            value={chosen}
            onValueChange={(next: Choice | null) => onPick(next?.value ?? null)}
            isItemEqualToValue={(a: Choice, b: Choice) => a.value === b.value}
            limit={SHOWN_MAX}
            autoHighlight
            open={open}
            onOpenChange={(next) => {
                setOpen(next);
                if (!next) onLeave?.();
            }}
            disabled={disabled}
            {...(eager && typed !== undefined ? { defaultInputValue: typed } : {})}
        >
            <Combobox.InputGroup className="picker">
                <Combobox.Input
                    id={id}
                    className="picker-input"
                    aria-label={label}
                    placeholder={placeholder}
                    autoFocus={eager}
                    onFocus={(event) => eager && typed === undefined && event.currentTarget.select()}
                />
                {!eager && (
                    <Combobox.Trigger className="picker-open" aria-label={`Show what ${label} can be`}>
                        <ChevronsUpDown size={14} aria-hidden />
                    </Combobox.Trigger>
                )}
            </Combobox.InputGroup>
            <Combobox.Portal>
                <Combobox.Positioner className="layer" sideOffset={4} align="start">
                    <Combobox.Popup className="menu picker-list">
                        <Combobox.Empty className="menu-note">Nothing is called so.</Combobox.Empty>
                        <Combobox.List>
                            {(choice: Choice) => (
                                <Combobox.Item key={choice.value} value={choice} className="menu-item">
                                    <span className="menu-check">
                                        <Combobox.ItemIndicator>
                                            <Check size={14} aria-hidden />
                                        </Combobox.ItemIndicator>
                                    </span>
                                    <span>{choice.label}</span>
                                </Combobox.Item>
                            )}
                        </Combobox.List>
                    </Combobox.Popup>
                </Combobox.Positioner>
            </Combobox.Portal>
        </Combobox.Root>
    );
}
