import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { answered, api, type Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import table from "../../parts/Table.module.css";
import { MappingFault } from "./MappingFault";
import css from "./MappingsPage.module.css";

/** Takes a mapping back after saying what follows. */
export function UndoDialog({ mapping, onClose }: { mapping: Schemas["TagMappingOut"]; onClose: () => void }) {
  const { t } = useLanguage();
  const f = useFormat();
  const queries = useQueryClient();
  const undo = useMutation({
    mutationFn: () => answered(api.POST("/api/v1/history/mappings/{number}/undo", { params: { path: { number: mapping.id } } })),
    onSettled: () => Promise.all([queries.invalidateQueries({ queryKey: ["history"] }), queries.invalidateQueries({ queryKey: ["bindings"] })]),
    onSuccess: onClose,
  });
  return (
    <Modal opened onClose={onClose} centered title={<Text fw={650} fz="lg">{t.mappings.undoTitle}</Text>} closeButtonProps={{ "aria-label": t.close }}>
      <Stack gap="md">
        <div className={`${css.signal} ${table.mono}`}>{mapping.old}<div>→ {mapping.new}</div></div>
        <Text fz="sm">{t.mappings.undoLead(f.dateTime(mapping.valid_from))}</Text>
        {undo.error !== null && <MappingFault error={undo.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>{t.mappings.keep}</Button>
          <Button color="red" data-autofocus loading={undo.isPending} onClick={() => undo.mutate()}>{t.mappings.undoIt}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
