// A menu that hangs on a button.

import { Menu as Base } from "@base-ui/react/menu";
import { Check } from "lucide-react";
import type { ReactNode } from "react";

export interface Item {
    say: string;
    icon?: ReactNode;
    keys?: string;
    checked?: boolean;
    danger?: boolean;
    act: () => void;
}

interface Props {
    /** Left out when the trigger says it in words. */
    label?: string;
    className?: string;
    trigger: ReactNode;
    items: (Item | "line")[];
}

export function Menu({ label, className = "icon-button", trigger, items }: Props) {
    return (
        <Base.Root>
            <Base.Trigger className={className} aria-label={label}>
                {trigger}
            </Base.Trigger>
            <Base.Portal>
                <Base.Positioner className="layer" sideOffset={4} align="end">
                    <Base.Popup className="menu">
                        {items.map((item, at) =>
                            item === "line" ? (
                                // biome-ignore lint/suspicious/noArrayIndexKey: lines have no names, and a menu's items stay in order
                                <Base.Separator key={at} className="menu-line" />
                            ) : item.checked === undefined ? (
                                <Base.Item
                                    key={item.say}
                                    className={item.danger ? "menu-item danger" : "menu-item"}
                                    onClick={item.act}
                                >
                                    {item.icon}
                                    <span>{item.say}</span>
                                    {item.keys && <kbd>{item.keys}</kbd>}
                                </Base.Item>
                            ) : (
                                <Base.CheckboxItem
                                    key={item.say}
                                    className="menu-item"
                                    checked={item.checked}
                                    onCheckedChange={item.act}
                                    closeOnClick={false}
                                >
                                    <span className="menu-check">
                                        {item.checked && <Check size={14} aria-hidden />}
                                    </span>
                                    <span>{item.say}</span>
                                </Base.CheckboxItem>
                            ),
                        )}
                    </Base.Popup>
                </Base.Positioner>
            </Base.Portal>
        </Base.Root>
    );
}
