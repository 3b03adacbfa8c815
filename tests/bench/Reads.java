// SPDX-License-Identifier: MPL-2.0
// The reads of measure_reads.c from Caffeine: the same keys in the same order, all of them hits, the
// value copied out of the cache into an array of the reader's own.
//
//     java Reads ENTRIES ORDER
//
// It has the same entry limit and the same idle time as the node of measure_reads.c.

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;

public final class Reads {
    private static final int VALUE_BYTES = 100;
    private static final int BETWEEN_LOOKS = 1000;
    private static final int THREADS_MAX = 2;

    // 16 bytes, made anew for each read as in C. The compiler keeps it off the heap where it can.
    private static final class Key {
        private final long mixed;
        private final long number;

        Key(long number) {
            this.number = number;
            this.mixed = mix(number);
        }

        private static long mix(long number) {
            long x = number;
            x = (x ^ (x >>> 30)) * 0xbf58476d1ce4e5b9L;
            x = (x ^ (x >>> 27)) * 0x94d049bb133111ebL;
            return x ^ (x >>> 31);
        }

        @Override
        public int hashCode() {
            return (int) mixed;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Key && ((Key) other).mixed == mixed
                    && ((Key) other).number == number;
        }
    }

    private static final class Reader implements Runnable {
        private final Cache<Key, byte[]> cache;
        private final int[] order;
        private final byte[] value = new byte[VALUE_BYTES];
        private int position;
        private long durationNs;
        private double perSecond;
        private CyclicBarrier start;

        Reader(Cache<Key, byte[]> cache, int[] order, int position) {
            this.cache = cache;
            this.order = order;
            this.position = position;
        }

        @Override
        public void run() {
            try {
                start.await();
            } catch (Exception failed) {
                throw new IllegalStateException(failed);
            }
            long began = System.nanoTime();
            long now = began;
            long reads = 0;
            while (now - began < durationNs) {
                readSome();
                reads += BETWEEN_LOOKS;
                now = System.nanoTime();
            }
            perSecond = reads * 1e9 / (now - began);
        }

        private void readSome() {
            for (int i = 0; i < BETWEEN_LOOKS; i++) {
                byte[] found = cache.getIfPresent(new Key(order[position]));
                position = position + 1 == order.length ? 0 : position + 1;
                if (found == null) {
                    throw new IllegalStateException("a read was no hit");
                }
                System.arraycopy(found, 0, value, 0, VALUE_BYTES);
            }
        }
    }

    private static int[] readOrder(String path) throws IOException {
        byte[] bytes = Files.readAllBytes(Path.of(path));
        IntBuffer numbers =
                java.nio.ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer();
        int[] order = new int[numbers.remaining()];
        numbers.get(order);
        return order;
    }

    private static double measure(Reader[] readers, int threads, long durationMs)
            throws InterruptedException {
        CyclicBarrier start = new CyclicBarrier(threads);
        Thread[] running = new Thread[threads];
        for (int i = 0; i < threads; i++) {
            readers[i].start = start;
            readers[i].durationNs = durationMs * 1000000;
            running[i] = new Thread(readers[i]);
            running[i].start();
        }
        double perSecond = 0;
        for (int i = 0; i < threads; i++) {
            running[i].join();
            perSecond += readers[i].perSecond;
        }
        return perSecond;
    }

    public static void main(String[] arguments) throws Exception {
        int entries = Integer.parseInt(arguments[0]);
        int[] order = readOrder(arguments[1]);
        // With room for all of them it never has to choose what to evict.
        Cache<Key, byte[]> cache = Caffeine.newBuilder()
                .maximumSize(entries)
                .expireAfterAccess(60, TimeUnit.SECONDS)
                .build();
        for (int number = 0; number < entries; number++) {
            byte[] value = new byte[VALUE_BYTES];
            Arrays.fill(value, (byte) 'v');
            cache.put(new Key(number), value);
        }
        cache.cleanUp();
        Reader[] readers = new Reader[THREADS_MAX];
        for (int i = 0; i < THREADS_MAX; i++) {
            readers[i] = new Reader(cache, order, order.length / THREADS_MAX * i);
        }
        System.out.println("ready");
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ");
            System.out.printf("{\"per_second\": %.0f}%n",
                    measure(readers, Integer.parseInt(words[0]), Long.parseLong(words[1])));
            System.out.flush();
        }
    }
}
