//! Reads the cluster of the current context and says what came of it.
#![allow(clippy::print_stdout)]
use assay_collector::{ConnectOptions, Plan, Silent, Stop, collect, connect};
use assay_model::Resource;
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut plan = Plan::new(Resource::ALL);
    let mut options = ConnectOptions::default();
    for arg in std::env::args().skip(1) {
        let (k, v) = arg.split_once('=').unwrap();
        match k {
            "ns" => plan.namespaces.push(v.to_owned()),
            "page" => plan.page_size = v.parse()?,
            "deadline" => plan.deadline = Some(std::time::Duration::from_secs_f64(v.parse()?)),
            "as" => options.as_user = Some(v.to_owned()),
            "server" => options.server = Some(v.to_owned()),
            "token" => options.token = Some(v.into()),
            "context" => options.context = Some(v.to_owned()),
            "ca" => options.certificate_authority = Some(v.into()),
            "tsn" => options.tls_server_name = Some(v.into()),
            "insecure" => options.insecure_skip_tls_verify = true,
            _ => panic!("{k}"),
        }
    }
    let connection = match connect(&options).await { Ok(c) => c, Err(e) => { println!("{e:?}\n{e}"); return Err(e.into()) } };
    println!("{connection:?}");
    let t = std::time::Instant::now();
    let snapshot = match collect(&connection, &plan, &Silent, Stop::never()).await { Ok(c) => c, Err(e) => { println!("{e:?}\n{e}"); return Err(e.into()) } };
    println!("took {:?}", t.elapsed());
    println!("{:#?}\n{:?}\n{:#?}\n{:#?}", snapshot.origin, snapshot.version, snapshot.serving_certificate, snapshot.anonymous_probe);
    for r in Resource::ALL {
        println!("{r:32} {:4} {:?} {:?}", snapshot.distinct(r), snapshot.costs.get(&r), snapshot.listed.get(&r).map(ToString::to_string));
        for g in snapshot.gaps(r) { println!("      {g}"); }
    }
    println!("complete {}", snapshot.is_complete());
    Ok(())
}
