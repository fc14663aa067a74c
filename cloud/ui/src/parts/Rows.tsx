import type { ReactNode } from "react";

export interface Column<Row> {
  name: string;
  cell: (row: Row) => ReactNode;
  isRight?: boolean;
  /** Lets long text break into lines. */
  isWrapped?: boolean;
  /** Sets a cell back behind the others. */
  isSoft?: (row: Row) => boolean;
  /** For a column that draws: its name is heard only, and a class makes room for it. */
  drawn?: string;
}

interface RowsProps<Row> {
  columns: Column<Row>[];
  rows: Row[];
  rowKey: (row: Row, index: number) => string;
  label?: string;
  className?: string;
  /** Sets rows off that sum up. */
  isTotal?: (row: Row) => boolean;
}

/** A plain table of columns; whoever shows it gives it its looks, by class and by the data attributes of its cells. */
export function Rows<Row>({ columns, rows, rowKey, label, className = "", isTotal }: RowsProps<Row>) {
  return (
    <table className={`tabular ${className}`} aria-label={label}>
      <thead>
        <tr>
          {columns.map(({ name, isRight, drawn }, at) =>
            drawn === undefined ? <th key={at} scope="col" data-right={isRight}>{name}</th> : <th key={at} scope="col" aria-label={name} className={drawn} />,
          )}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          <tr key={rowKey(row, index)} data-total={isTotal?.(row) || undefined}>
            {columns.map(({ cell, isRight, isWrapped, isSoft, drawn }, at) => (
              <td key={at} data-right={isRight} data-wrap={isWrapped} data-soft={isSoft?.(row) || undefined} className={drawn}>{cell(row)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
