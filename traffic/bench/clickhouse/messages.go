package clickhouse

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"esasim/esa"
)

// Messages is a table with one row for each message: what a search asks for and
// a page of results shows. It has no events, so it knows less than the tracking
// store does. Rows are in the order of MIDs, which is that of time.
type Messages struct{ S *Server }

const createMessages = `CREATE TABLE messages (
 mid UInt64, icid UInt64, received DateTime, day Date,
 sender String, recipients Array(String), subject String, message_id String, header_from String, reply_to String,
 ip String, host String, sender_group String, policy String, size UInt64, state UInt8,
 attachments Array(String), sha256 Array(String)
) ENGINE = MergeTree PARTITION BY toYYYYMM(day) ORDER BY mid SETTINGS index_granularity = 8192`

// Create makes the table.
func (m Messages) Create(ctx context.Context) error {
	_, err := m.S.Query(ctx, createMessages, nil)
	return err
}

// Insert adds rows that AppendRow has made.
func (m Messages) Insert(ctx context.Context, rows []byte) error {
	_, err := m.S.Query(ctx, "INSERT INTO messages FORMAT RowBinary", bytes.NewReader(rows))
	return err
}

// Merge makes as few parts of the table as there can be: one for each month.
func (m Messages) Merge(ctx context.Context) error {
	_, err := m.S.Query(ctx, "OPTIMIZE TABLE messages FINAL", nil)
	return err
}

// Size is how many rows the table has, and its octets on disk.
func (m Messages) Size(ctx context.Context) (rows, octets uint64, err error) {
	text, err := m.S.Query(ctx, "SELECT sum(rows), sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'messages'", nil)
	if err != nil {
		return 0, 0, err
	}
	if _, err := fmt.Sscan(text, &rows, &octets); err != nil {
		return 0, 0, fmt.Errorf("clickhouse: size %q: %w", text, err)
	}
	return rows, octets, nil
}

// Newest finds the newest 20 for which a condition is true, with what a page of
// results shows of them, and gives back their MIDs.
func (m Messages) Newest(ctx context.Context, condition string) (mids []esa.MID, err error) {
	text, err := m.S.Query(ctx, "SELECT mid, received, sender, recipients, subject, state FROM messages WHERE "+condition+
		" ORDER BY mid DESC LIMIT 20 FORMAT TabSeparated", nil)
	if err != nil || text == "" {
		return nil, err
	}
	for line := range strings.SplitSeq(text, "\n") {
		first, _, _ := strings.Cut(line, "\t")
		n, err := strconv.ParseUint(first, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("clickhouse: answer %q: %w", line, err)
		}
		mids = append(mids, esa.MID(n))
	}
	return mids, nil
}

// AppendRow appends a message as a row of the table, in the format RowBinary.
func AppendRow(b []byte, mid esa.MID, m *esa.Message) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(mid))
	b = binary.LittleEndian.AppendUint64(b, uint64(m.ICID))
	at := m.Received.Unix()
	b = binary.LittleEndian.AppendUint32(b, uint32(at))
	b = binary.LittleEndian.AppendUint16(b, uint16(at/86400))
	b = appendString(b, m.Sender)
	b = binary.AppendUvarint(b, uint64(len(m.Recipients)))
	for i := range m.Recipients {
		b = appendString(b, m.Recipients[i].Address)
	}
	ip := ""
	if m.Source.Remote.IsValid() {
		ip = m.Source.Remote.String()
	}
	for _, s := range [...]string{m.Subject, m.MessageID, m.HeaderFrom, m.ReplyTo, ip, m.Source.Host, m.Source.Group, m.Policy} {
		b = appendString(b, s)
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(m.Size))
	b = append(b, byte(m.State))
	b = binary.AppendUvarint(b, uint64(len(m.Attachments)))
	for i := range m.Attachments {
		b = appendString(b, m.Attachments[i].Name)
	}
	b = binary.AppendUvarint(b, uint64(len(m.Attachments)))
	for i := range m.Attachments {
		b = appendString(b, m.Attachments[i].SHA256)
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}
