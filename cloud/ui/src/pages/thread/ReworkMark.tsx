import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answered, api, type Schemas } from "../../api/client";
import { useSession } from "../../app/useSession";
import { useLanguage } from "../../i18n/LanguageProvider";
import { failureText } from "../../parts/failureText";
import mark from "../../parts/StateMark.module.css";

/** Whether a work order's parts went through the routing once more; planners say so, after being told what follows. */
export function ReworkMark({ work }: { work: Schemas["WorkOrderOut"] }) {
  const { t } = useLanguage();
  const mayChange = useSession().permissions.includes("work_orders.write");
  const queries = useQueryClient();
  const [isAsking, setIsAsking] = useState(false);
  const flag = useMutation({
    mutationFn: () => answered(api.PUT("/api/v1/work-orders/{number}/rework", { params: { path: { number: work.number } }, body: { rework: !work.rework } })),
    onSuccess: async () => {
      setIsAsking(false);
      await Promise.all(["orders", "oee", "segments"].map((topic) => queries.invalidateQueries({ queryKey: [topic] })));
    },
  });
  const name = work.rework ? t.thread.rework.unflag(work.number) : t.thread.rework.flag(work.number);
  return (
    <>
      {work.rework && <span className={`${mark.mark} ${mark.small}`} style={{ color: "var(--starved)", background: "var(--starved-soft)", paddingLeft: 8 }}>{t.thread.rework.is}</span>}
      {mayChange && <Button variant="subtle" color="gray" size="compact-xs" aria-label={name} onClick={() => setIsAsking(true)}>{work.rework ? t.thread.rework.notAny : t.thread.rework.make}</Button>}
      <Modal opened={isAsking} onClose={() => setIsAsking(false)} centered closeButtonProps={{ "aria-label": t.close }} title={<Text fw={650} fz="lg">{name}</Text>}>
        <Stack gap="md">
          <Text fz="sm">{t.thread.rework.lead}</Text>
          {flag.error !== null && <Text fz="sm" c="var(--breakdown)" role="alert">{failureText(flag.error, t)}</Text>}
          <Group justify="flex-end">
            <Button data-autofocus loading={flag.isPending} onClick={() => flag.mutate()}>{t.thread.rework.confirm}</Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
