use leveled::ckks::*;
use leveled::network::cluster::*;
use leveled::network::*;
use leveled::private::*;
use leveled::ring::sampling::Seed;
use std::sync::Arc;
use std::time::Instant;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let (name, width, k, kind, members, log_n) = (
        &a[1],
        a[2].parse::<usize>().unwrap(),
        a[3].parse::<usize>().unwrap(),
        &a[4],
        a[5].parse::<usize>().unwrap(),
        a[6].parse::<u32>().unwrap(),
    );
    let work: u64 = a[7].parse::<u64>().unwrap() << 20;
    let t = Instant::now();
    let arch = if name == "mini" {
        Architecture {
            stem_channels: width,
            stages: vec![Stage { blocks: 1, channels: width, stride: 1 }],
            ..Architecture::named("resnet20", 16, 10).unwrap()
        }
    } else {
        Architecture::named(name, width, 10).unwrap()
    };
    let mut nets: Vec<_> = (0..members).map(|s| Network::random(&arch, s as u64).unwrap().lower().unwrap()).collect();
    println!("network {:.1}s", t.elapsed().as_secs_f64());
    let t = Instant::now();
    if k > 0 {
        cluster(
            &mut nets,
            &ClusterOptions {
                clusters: k,
                mode: if members > 1 { ClusterMode::Joint } else { ClusterMode::Slice },
                ..Default::default()
            },
        )
        .unwrap();
    }
    println!("cluster {:.1}s", t.elapsed().as_secs_f64());
    let t = Instant::now();
    let net = Arc::new(merge(&nets).unwrap());
    let mut o = PlanOptions {
        layout: if kind == "packed" { LayoutKind::Packed } else { LayoutKind::Channel },
        log_n,
        working_bytes: work,
        convolution: match kind.as_str() {
            "classical" => ConvolutionKind::Classical,
            _ => ConvolutionKind::Clustered,
        },
        ..Default::default()
    };
    if a.len() > 8 {
        o.security = SecurityPolicy::None;
    }
    let plan = match Plan::new(net.clone(), &o) {
        Ok(p) => p,
        Err(e) => {
            println!("{e}");
            return;
        }
    };
    let ops = plan.operations();
    println!(
        "plan {:.1}s {ops:?} predicted {:.1}s, {:.2} GiB keys {:.2} GiB, log2QP {:.1}",
        t.elapsed().as_secs_f64(),
        plan.predicted_seconds(2),
        plan.predicted_bytes(2, 2 << 30) as f64 / (1u64 << 30) as f64,
        plan.request.bytes(&plan.parameters) as f64 / (1u64 << 30) as f64,
        plan.parameters.security().log2_qp
    );
    for b in plan.parameters.bands() {
        println!("  band {:?}", b.band);
    }
    if std::env::var("PLAN").is_ok() {
        for l in &plan.layers {
            println!("{} limbs {} {:?} {:.2}s", l.name, l.limbs, l.work.size(), l.seconds / 2.0);
        }
        return;
    }
    let t = Instant::now();
    let client = Client::new(&plan, &Seed::from_number(1));
    let keys = Arc::new(client.evaluation_keys(|_| ()));
    println!("keys {:.1}s", t.elapsed().as_secs_f64());
    let ev = Encrypted::new(plan.parameters.clone(), client.encoder().clone(), keys);
    let ex = Executor::new(&plan, &ev, 2 << 30);
    let image: Vec<f64> = (0..plan.image_shape().len()).map(|i| (i as f64 * 0.37).sin() * 1.2).collect();
    let trace = net.forward(&image);
    let trace = match trace {
        Ok(t) => t,
        Err(e) => {
            println!("{e}");
            return;
        }
    };
    let ptrace = trace.clone();
    let t = Instant::now();
    let up: Vec<_> = client.encrypt(&image, 0).unwrap().iter().map(|x| x.expand(&plan.parameters)).collect();
    println!("encrypt {:.1}s {} ct", t.elapsed().as_secs_f64(), up.len());
    let t = Instant::now();
    let mut total = 0.0;
    let r=ex.run(up,&mut |i,x,s|{ total+=s.total(); let p=client.probe(&ptrace,i,&x[..x.len().min(plan.layers[i].layout.ciphertexts())]).unwrap();
       println!("{:20} limbs {:2} enc {:.2} lin {:.2} sq {:.2} pack {:.2} | predicted {:.2} | rel bits min {:.1} median {:.1} largest {:.2} | {:.0}s", plan.layers[i].name,plan.layers[i].limbs,s.encode,s.linear,s.square,s.pack,plan.layers[i].seconds/2.0,p.relative.min,p.relative.median,p.largest_activation,t.elapsed().as_secs_f64());}).unwrap();
    println!("total {total:.1}s");
    let l = client.decrypt(&r);
    println!("{:?}\n{:?}", l.values, trace.logits());
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    println!("{}", s.lines().find(|l| l.starts_with("VmHWM")).unwrap());
}
