import { Group, SegmentedControl, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { answered, api, type Schemas } from "../../api/client";
import { useLanguage } from "../../i18n/LanguageProvider";
import { CommandForm } from "./CommandForm";
import { useCommand } from "./useCommand";
import { useSaidValue } from "./useSaidValue";
import { entered } from "./value";

interface WriteDialogProps {
  gateway: Schemas["FleetGateway"];
  device: string;
  tag: Schemas["TagNow"];
  onClose: () => void;
}

/** Writes one tag of a device, after a reason. */
export function WriteDialog({ gateway: { group, node }, device, tag, onClose }: WriteDialogProps) {
  const { t } = useLanguage();
  const say = useSaidValue();
  const [text, setText] = useState("");
  const value = entered(text, tag.datatype);
  const { asked, now } = useCommand((reason: string) =>
    answered(
      api.POST("/api/v1/gateways/{group}/{node}/devices/{device}/tags/{tag}/write", {
        params: { path: { group, node, device, tag: tag.tag } },
        body: { value: value ?? null, reason, expires_s: 60 },
      }),
    ),
  );
  const isDone = now !== null;
  return (
    <CommandForm
      title={t.gateways.writeTitle(tag.tag)}
      lead={t.gateways.writeLead(device)}
      submit={t.gateways.send}
      canSend={value !== undefined}
      isPending={asked.isPending}
      error={asked.error}
      command={now}
      onSend={(reason) => asked.mutate(reason)}
      onClose={onClose}
    >
      <Group justify="space-between"><Text fz="sm">{t.gateways.now}</Text><Text fw={650} className="tabular">{say(tag.value)}</Text></Group>
      {tag.datatype === "BOOLEAN" ? (
        <SegmentedControl
          aria-label={t.gateways.newValue}
          value={text}
          disabled={isDone}
          onChange={setText}
          data={[{ value: "false", label: t.gateways.off }, { value: "true", label: t.gateways.on }]}
        />
      ) : (
        <TextInput
          label={`${t.gateways.newValue} (${tag.datatype})`}
          data-autofocus
          required
          inputMode={tag.datatype === "STRING" || tag.datatype === "TEXT" ? "text" : "decimal"}
          disabled={isDone}
          error={text !== "" && value === undefined ? t.gateways.wrongValue : undefined}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      )}
    </CommandForm>
  );
}
